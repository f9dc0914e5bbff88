export { publishChanges } from './changes.ts';
export { findEventsOfChanges } from './fate.ts';
export { type LoggedEvent, type LogPage, type LogRange, lastSequenceBefore, readLog } from './log.ts';
export { envelopeOf } from './present.ts';
export { type EnvelopeIn, envelopeIn } from './schema.ts';
export { type ChangeEvent, type Event, eventsLifecycle } from './store.ts';
export {
  lastSequence,
  listDeletedAmong,
  listEventsAt,
  listEventsBetween,
  listLatestEvents,
  sequenceBefore,
} from './stretch.ts';
