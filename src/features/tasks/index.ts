export { compileTask } from './compile.ts';
export type { TaskDefinition } from './schema.ts';
export { findTask, listJobNames, type Task, tasksLifecycle, tasksStartedBy } from './store.ts';
