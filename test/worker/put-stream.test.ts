import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import {
  type ObjectBody,
  type ObjectStore,
  putStream,
  R2ObjectStore,
  type UploadedPart,
} from '../../src/platform/objects/index.ts';
import { newKey, pattern } from '../platform/objects/bodies.ts';

const { OBJECTS } = env as unknown as { OBJECTS: R2Bucket };
const partBytes = 8 * 1024 * 1024;

/** A store that keeps no bytes and can be told which part to fail. */
class PartsStore extends R2ObjectStore {
  readonly seen: string[] = [];
  failingPart = 0;
  onPart: () => void = () => {};

  override async createMultipart(): Promise<{ uploadId: string }> {
    this.seen.push('create');
    return { uploadId: 'upload' };
  }

  override async uploadPart(
    _key: string,
    _uploadId: string,
    partNumber: number,
    body: ObjectBody,
  ): Promise<UploadedPart> {
    this.onPart();
    if (partNumber === this.failingPart) throw new Error('the store went away');
    this.seen.push(`part ${partNumber} of ${(body as Uint8Array).byteLength}`);
    return { partNumber, etag: String(partNumber) };
  }

  override async completeMultipart(key: string, _uploadId: string, parts: readonly UploadedPart[]) {
    this.seen.push(`complete ${parts.map((part) => part.etag)}`);
    return { key, sizeBytes: 0, etag: 'e' };
  }

  override async abortMultipart(): Promise<void> {
    this.seen.push('abort');
  }
}

/** Gives `length` bytes as they are wanted, then ends or breaks. */
function countedSource(length: number, end: 'close' | 'error' = 'close') {
  const source = { givenBytes: 0, cancelled: false };
  const chunk = pattern(1024 * 1024);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (source.givenBytes < length) {
        source.givenBytes += chunk.byteLength;
        controller.enqueue(chunk);
      } else if (end === 'close') controller.close();
      else controller.error(new Error('the sender went away'));
    },
    cancel() {
      source.cancelled = true;
    },
  });
  return { source, body };
}

describe('putStream in parts', () => {
  it('sends equal parts and a shorter last one', async () => {
    const store = new PartsStore(OBJECTS);
    await putStream(store, newKey(), countedSource(2.5 * partBytes).body);
    expect(store.seen).toEqual([
      'create',
      `part 1 of ${partBytes}`,
      `part 2 of ${partBytes}`,
      `part 3 of ${partBytes / 2}`,
      'complete 1,2,3',
    ]);
  });

  it('never holds more than two parts, however long the body', async () => {
    const store = new PartsStore(OBJECTS);
    const { source, body } = countedSource(12 * partBytes);
    let uploaded = 0;
    let mostAhead = 0;
    store.onPart = () => {
      mostAhead = Math.max(mostAhead, source.givenBytes - uploaded);
      uploaded += partBytes;
    };
    await putStream(store, newKey(), body);
    expect(uploaded).toBe(12 * partBytes);
    expect(mostAhead).toBeLessThanOrEqual(2 * partBytes);
  });

  it('aborts the upload when the body breaks', async () => {
    const store = new PartsStore(OBJECTS);
    const broken = putStream(store, newKey(), countedSource(2 * partBytes, 'error').body);
    await expect(broken).rejects.toThrow('the sender went away');
    expect(store.seen.at(-1)).toBe('abort');
  });

  it('aborts the upload and lets the sender go when a part fails', async () => {
    const store = new PartsStore(OBJECTS);
    store.failingPart = 2;
    const { source, body } = countedSource(100 * partBytes);
    await expect(putStream(store, newKey(), body)).rejects.toThrow('the store went away');
    expect(store.seen.at(-1)).toBe('abort');
    expect(source.cancelled).toBe(true);
    expect(source.givenBytes).toBeLessThanOrEqual(4 * partBytes);
  });

  it('leaves no part behind in a real store', async () => {
    const key = newKey();
    const uploadIds: string[] = [];
    class WatchedStore extends R2ObjectStore {
      override async createMultipart(name: string) {
        const upload = await super.createMultipart(name);
        uploadIds.push(upload.uploadId);
        return upload;
      }
    }
    const store: ObjectStore = new WatchedStore(OBJECTS);
    await expect(putStream(store, key, countedSource(partBytes, 'error').body)).rejects.toThrow();
    expect(uploadIds).toHaveLength(1);
    const late = store.uploadPart(key, uploadIds[0] ?? '', 1, 'x');
    await expect(late).rejects.toMatchObject({ code: 'not_found' });
  });
});
