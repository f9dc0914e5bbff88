export { batchChannel } from './batch.ts';
export { syncsLifecycle } from './erase.ts';
export { sweepSyncs } from './nightly.ts';
export { quarantineRemedy } from './remedy.ts';
