export { compileTask } from './compile.ts';
export type { TaskDefinition } from './schema.ts';
export { findTask, listJobNames, type Task, tasksLifecycle, tasksStartedBy, watchedTask } from './store.ts';
