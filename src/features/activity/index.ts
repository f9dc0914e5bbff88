export { countActivity, countEnded } from './count.ts';
export { rollUpActivity } from './roll-up.system.ts';
export {
  activityLifecycle,
  type EndpointActivity,
  listEndpointActivity,
  noteCronRun,
} from './store.ts';
export { activityKinds, endedStatuses } from './table.ts';
