export { ensureDataset, findDataset, recordsLifecycle } from './store.ts';
export * from './apply.ts';
export * from './checkpoints.ts';
