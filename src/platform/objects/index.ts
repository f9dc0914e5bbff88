export { BlockReader, ReadMemory } from './blocks.ts';
export { withKeyPrefix } from './prefixed.ts';
export { type PutStreamOptions, putHashed, putStream } from './put-stream.ts';
export { R2ObjectStore } from './r2.ts';
export { S3ObjectStore, type S3ObjectStoreOptions } from './s3.ts';
export { type S3Config, S3Presigner } from './sign.ts';
export {
  type GetOptions,
  type ListOptions,
  type ObjectBody,
  ObjectChangedError,
  type ObjectInfo,
  type ObjectPage,
  type ObjectRange,
  ObjectRangeError,
  type ObjectRead,
  type ObjectStore,
  type PresignedPut,
  type PresignPutOptions,
  type PutOptions,
  type StoredObject,
  type UploadedPart,
} from './store.ts';
