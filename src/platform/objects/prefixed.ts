import type { ObjectInfo, ObjectStore, StoredObject } from './store.ts';

/** A stretch of another store's keys as a store of its own: two deployments can share one bucket. */
export function withKeyPrefix(store: ObjectStore, prefix: string): ObjectStore {
  const whole = (key: string) => `${prefix}${key}`;
  const own = <T extends StoredObject>(object: T): T => ({ ...object, key: object.key.slice(prefix.length) });
  const { presignPut } = store;
  return {
    async put(key, body, options) {
      const stored = await store.put(whole(key), body, options);
      return stored && own(stored);
    },
    async head(key) {
      const info = await store.head(whole(key));
      return info && own(info);
    },
    async get(key, options) {
      const read = await store.get(whole(key), options);
      return read && { ...read, info: own(read.info) };
    },
    delete: (keys) => store.delete(keys.map(whole)),
    async list(within, options) {
      const page = await store.list(whole(within), options);
      return {
        ...page,
        objects: page.objects.map((object: ObjectInfo) => own(object)),
        prefixes: page.prefixes.map((one) => one.slice(prefix.length)),
      };
    },
    createMultipart: (key, options) => store.createMultipart(whole(key), options),
    uploadPart: (key, uploadId, partNumber, body, options) =>
      store.uploadPart(whole(key), uploadId, partNumber, body, options),
    async completeMultipart(key, uploadId, parts) {
      return own(await store.completeMultipart(whole(key), uploadId, parts));
    },
    abortMultipart: (key, uploadId) => store.abortMultipart(whole(key), uploadId),
    ...(presignPut && { presignPut: (key, options) => presignPut(whole(key), options) }),
  };
}
