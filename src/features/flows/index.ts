export { flowsLifecycle } from './erase.ts';
export { sweepFlows } from './sweep.ts';
