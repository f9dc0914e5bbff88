export { filesLifecycle } from './erase.ts';
export { folderName, requireFilename } from './schema.ts';
export { type FileVersion, findFile } from './store.ts';
