export { compileTask } from './compile.ts';
export { jobName, type TaskDefinition } from './schema.ts';
export { findTask, listJobNames, tasksLifecycle } from './store.ts';
