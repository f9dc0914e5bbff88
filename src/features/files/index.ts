export { deleteFiles, filesLifecycle } from './erase.ts';
export { type DropEntry, listDrops } from './list-drops.ts';
export {
  abortMultipart,
  beginMultipart,
  completedVersion,
  completeMultipart,
  storePart,
} from './multipart.ts';
export { findMultipart, listParts, type MultipartPart, type MultipartUpload } from './multipart-store.ts';
export { parseRange } from './range.ts';
export { receiveFile } from './receive.ts';
export { folderName, requireFilename } from './schema.ts';
export { type FileVersion, findFile, findVersion } from './store.ts';
export { untakenRemedy } from './untaken.ts';
