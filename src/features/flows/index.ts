export { flowsLifecycle } from './erase.ts';
export { syncRequestedMessage } from './sources/schema.ts';
export { sweepFlows } from './sweep.ts';
