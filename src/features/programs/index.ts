export { eraseDeletedPrograms } from './delete.ts';
export { openLearningBuilder } from './learning-builder.ts';
export { duePrograms, listNightlyPrograms, markPruneDue, type NightlyProgram } from './programs.system.ts';
export { type Contacts, defaultRetention, emailAddress, localTime, timeZone } from './schema.ts';
export { sealedProgramColumns } from './sealed.ts';
export { type Entrance, entranceTo, findProgram, type Program } from './store.ts';
export type { Retention } from './table.ts';
