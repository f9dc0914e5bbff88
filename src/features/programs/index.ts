export { findProgram, type Program } from './store.ts';
export { deletingPrograms, livePrograms } from './programs.system.ts';
export { eraseDeletedPrograms } from './delete.ts';
export { type Contacts, defaultRetention, contactsSchema } from './schema.ts';
export { sealedProgramColumns } from './sealed.ts';
export { requireCallable } from './create.ts';
export { emailAddress } from './schema.ts';
