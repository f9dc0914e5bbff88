export { countActivity, countActivityFrom } from './count.ts';
export { activityLifecycle, listCronRuns, noteCronRun } from './store.ts';
export { activityKinds } from './table.ts';
