export { filesLifecycle } from './erase.ts';
export { folderName, requireFilename } from './schema.ts';
export { findFile, findVersion } from './store.ts';
