export { publishChanges } from './changes.ts';
export { countStatesOf, findEventsOfChanges, type StateRow } from './fate.ts';
export { type LoggedEvent, type LogPage, type LogRange, lastSequenceBefore, readLog } from './log.ts';
export { envelopeOf } from './present.ts';
export { type EnvelopeIn, envelopeIn } from './schema.ts';
export { type ChangeEvent, type Event, eventsLifecycle } from './store.ts';
export {
  countEventsAfter,
  lastSequence,
  listDeletedAmong,
  listEventsAt,
  listEventsBetween,
  listLatestEvents,
  sequenceBefore,
} from './stretch.ts';
