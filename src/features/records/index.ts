export * from './apply.ts';
export * from './checkpoints.ts';
export { ensureDataset, findDataset, recordsLifecycle } from './store.ts';
