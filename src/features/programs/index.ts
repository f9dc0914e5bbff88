export { eraseDeletedPrograms } from './delete.ts';
export { livePrograms } from './programs.system.ts';
export { type Contacts, defaultRetention, emailAddress } from './schema.ts';
export { sealedProgramColumns } from './sealed.ts';
export { findProgram } from './store.ts';
