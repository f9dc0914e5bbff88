export { checkMonitors } from './check.ts';
export { monitorsLifecycle, noteSuccess } from './store.ts';
