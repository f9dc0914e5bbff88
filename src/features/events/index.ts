export { type LoggedEvent, type LogRange, lastSequenceBefore, readLog } from './log.ts';
export { type ChangeEvent, eventsLifecycle, insertChangeEvents, sequenceBefore } from './store.ts';
