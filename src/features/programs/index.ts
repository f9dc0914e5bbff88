export { requireCallable } from './create.ts';
export { eraseDeletedPrograms } from './delete.ts';
export { deletingPrograms, livePrograms } from './programs.system.ts';
export { type Contacts, contactsSchema, defaultRetention, emailAddress } from './schema.ts';
export { sealedProgramColumns } from './sealed.ts';
export { findProgram, type Program } from './store.ts';
