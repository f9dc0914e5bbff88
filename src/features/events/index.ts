export { type ChangeEvent, eventsLifecycle, insertChangeEvents, sequenceBefore } from './store.ts';
