export * from './apply.ts';
export * from './checkpoints.ts';
export { ensureDataset, findDataset, findRecordOf, recordsLifecycle } from './store.ts';
