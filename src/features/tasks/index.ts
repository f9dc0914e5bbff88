export { compileTask } from './compile.ts';
export type { TaskDefinition } from './schema.ts';
export { findTask, listJobNames, tasksLifecycle } from './store.ts';
