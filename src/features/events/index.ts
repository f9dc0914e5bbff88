export { type ChangeEvent, eventsLifecycle, insertChangeEvents } from './store.ts';
