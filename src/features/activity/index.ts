export { countActivity, countEnded } from './count.ts';
export { rollUpActivity } from './roll-up.system.ts';
export { activityLifecycle, listCronRuns, noteCronRun } from './store.ts';
export { activityKinds } from './table.ts';
