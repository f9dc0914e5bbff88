import { describe, expect, it } from 'vitest';
import {
  ObjectChangedError,
  type ObjectPage,
  ObjectRangeError,
  type ObjectStore,
  putHashed,
  putStream,
} from '../../../src/platform/objects/index.ts';
import { brokenAfter, equal, newKey, pattern, sha256, streamOf } from './bodies.ts';

const mebibyte = 1024 * 1024;

/** What every object store of the hub does, whichever it is. Keys are new in each case. */
export function describeObjectStore(name: string, openStore: () => ObjectStore): void {
  describe(`${name} as an object store`, () => {
    const store = openStore();

    describe('put and get', () => {
      it.each([
        ['nothing', new Uint8Array(0)],
        ['text', new TextEncoder().encode('größer & <kleiner>\n')],
        ['1 MiB of every byte', pattern(mebibyte)],
      ])('gives back %s as it was', async (_, bytes) => {
        const key = newKey();
        const stored = await store.put(key, bytes, { contentType: 'text/csv' });
        expect(stored).toEqual({ key, sizeBytes: bytes.byteLength, etag: expect.stringMatching(/^[^"]+$/) });
        const read = await store.get(key);
        expect(read?.info).toEqual({ ...stored, contentType: 'text/csv', uploadedAtMs: expect.any(Number) });
        expect(read?.range).toEqual({ offset: 0, length: bytes.byteLength });
        expect(equal((await read?.bytes()) ?? null, bytes)).toBe(true);
        expect(await store.head(key)).toEqual(read?.info);
        expect(Math.abs((read?.info.uploadedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
      });

      it('stores text as UTF-8', async () => {
        const key = newKey();
        expect(await store.put(key, 'Zoë\n')).toMatchObject({ sizeBytes: 5 });
        expect(await (await store.get(key))?.text()).toBe('Zoë\n');
      });

      it('calls bytes that nobody named a type for application/octet-stream', async () => {
        const key = newKey();
        await store.put(key, 'text');
        expect((await store.head(key))?.contentType).toBe('application/octet-stream');
      });

      it('stores a stream whose length is given', async () => {
        const key = newKey();
        const bytes = pattern(3 * mebibyte + 17);
        expect(await store.put(key, streamOf(bytes, 100_000), { sizeBytes: bytes.byteLength })).toMatchObject(
          {
            sizeBytes: bytes.byteLength,
          },
        );
        expect(equal(await bytesAt(store, key), bytes)).toBe(true);
      });

      it('stores an empty stream', async () => {
        const key = newKey();
        await store.put(key, streamOf(new Uint8Array(0), 1), { sizeBytes: 0 });
        expect((await bytesAt(store, key))?.byteLength).toBe(0);
      });

      it.each([
        ['shorter', 199_999],
        ['longer', 200_001],
      ])('refuses a stream that is %s than announced and stores nothing', async (_, length) => {
        const key = newKey();
        const put = store.put(key, streamOf(pattern(length), 10_000), { sizeBytes: 200_000 });
        await expect(put).rejects.toMatchObject({ code: 'invalid_input' });
        expect(await store.head(key)).toBeNull();
      });

      it('stores nothing of a stream that breaks, and throws what broke it', async () => {
        const key = newKey();
        const put = store.put(key, brokenAfter(150_000), { sizeBytes: 200_000 });
        await expect(put).rejects.toThrow('the sender went away');
        expect(await store.head(key)).toBeNull();
      });

      it('leaves the old object when its replacement breaks', async () => {
        const key = newKey();
        await store.put(key, 'old');
        await expect(store.put(key, brokenAfter(150_000), { sizeBytes: 200_000 })).rejects.toThrow();
        expect(await (await store.get(key))?.text()).toBe('old');
      });

      it('wants the length of a stream', async () => {
        await expect(store.put(newKey(), streamOf(pattern(10), 10))).rejects.toMatchObject({
          code: 'length_required',
        });
      });

      it('keeps the etag while the object stays, and changes it with the content', async () => {
        const key = newKey();
        const first = await store.put(key, 'one');
        expect((await store.head(key))?.etag).toBe(first?.etag);
        const second = await store.put(key, 'two');
        expect(second?.etag).not.toBe(first?.etag);
        expect((await store.head(key))?.etag).toBe(second?.etag);
      });

      it('answers null for an object that is not there', async () => {
        expect(await store.get(newKey())).toBeNull();
        expect(await store.head(newKey())).toBeNull();
        expect(await store.get(newKey(), { range: { offset: 5 }, ifMatch: 'abc' })).toBeNull();
      });
    });

    describe('put with onlyIfAbsent', () => {
      it('leaves what is there and answers null', async () => {
        const key = newKey();
        expect(await store.put(key, 'first', { onlyIfAbsent: true })).not.toBeNull();
        expect(await store.put(key, 'second', { onlyIfAbsent: true })).toBeNull();
        const stream = streamOf(pattern(300_000), 10_000);
        expect(await store.put(key, stream, { sizeBytes: 300_000, onlyIfAbsent: true })).toBeNull();
        expect(await (await store.get(key))?.text()).toBe('first');
      });

      it('lets one of two writers win', async () => {
        const key = newKey();
        const outcomes = await Promise.all(
          ['a', 'b'].map((text) => store.put(key, text, { onlyIfAbsent: true })),
        );
        const winner = outcomes[0] ? 'a' : 'b';
        expect(outcomes.filter((outcome) => outcome === null)).toHaveLength(1);
        expect(await (await store.get(key))?.text()).toBe(winner);
      });
    });

    describe('get with a range', () => {
      const key = newKey();
      const text = '0123456789';

      it.each([
        ['offset and length', { offset: 2, length: 3 }, '234'],
        ['one byte', { offset: 0, length: 1 }, '0'],
        ['an open end', { offset: 7 }, '789'],
        ['the whole', { offset: 0 }, text],
        ['a suffix', { suffix: 4 }, '6789'],
        ['a suffix longer than the object', { suffix: 40 }, text],
        ['a length past the end', { offset: 8, length: 100 }, '89'],
      ])('gives %s', async (_, range, expected) => {
        await store.put(key, text);
        const read = await store.get(key, { range });
        expect(await read?.text()).toBe(expected);
        expect(read?.range).toEqual({ offset: text.indexOf(expected), length: expected.length });
        expect(read?.info.sizeBytes).toBe(text.length);
      });

      it.each([
        ['starts at the end', { offset: 10 }],
        ['starts past the end', { offset: 11, length: 5 }],
        ['is empty', { offset: 3, length: 0 }],
        ['is an empty suffix', { suffix: 0 }],
        ['is negative', { offset: -1 }],
      ])('throws when the range %s', async (_, range) => {
        await store.put(key, text);
        await expect(store.get(key, { range })).rejects.toBeInstanceOf(ObjectRangeError);
      });

      it.each([[{ offset: 0 }], [{ suffix: 5 }]])('throws for %o of an empty object', async (range) => {
        const emptyKey = newKey();
        await store.put(emptyKey, '');
        await expect(store.get(emptyKey, { range })).rejects.toBeInstanceOf(ObjectRangeError);
      });
    });

    describe('get with ifMatch', () => {
      it('gives the version it names', async () => {
        const key = newKey();
        const stored = await store.put(key, 'the version');
        const read = await store.get(key, { ifMatch: stored?.etag ?? '', range: { offset: 4 } });
        expect(await read?.text()).toBe('version');
      });

      it('throws once the object was replaced, range or not', async () => {
        const key = newKey();
        const ifMatch = (await store.put(key, 'yesterday'))?.etag ?? '';
        await store.put(key, 'today');
        await expect(store.get(key, { ifMatch })).rejects.toBeInstanceOf(ObjectChangedError);
        const ranged = store.get(key, { ifMatch, range: { offset: 0, length: 2 } });
        await expect(ranged).rejects.toBeInstanceOf(ObjectChangedError);
      });
    });

    describe('keys', () => {
      const oddKeys = [
        'two words',
        ' at the edges ',
        'a+b',
        '100%',
        '%2F and %20',
        '%2e%2e',
        'Zoë/日本語/🦊',
        `quotes'"<&>&amp;`,
        '?query=1&x#hash',
        'a//b/',
        '...',
        '~!*()[]{}|\\^`@:;,$=',
      ];

      it.each(oddKeys)('stores, reads, lists and deletes %j', async (odd) => {
        const prefix = `${newKey()}/`;
        const key = `${prefix}${odd}`;
        await store.put(key, odd);
        expect((await store.head(key))?.key).toBe(key);
        expect(await (await store.get(key))?.text()).toBe(odd);
        expect((await store.list(key)).objects.map((object) => object.key)).toEqual([key]);
        expect((await store.list(prefix)).objects.map((object) => object.key)).toEqual([key]);
        await store.delete([key]);
        expect((await store.list(prefix)).objects).toEqual([]);
      });

      it('may be 1,000 bytes long', async () => {
        const prefix = newKey();
        const room = 1000 - prefix.length - 1;
        const key = `${prefix}/${'ü'.repeat(Math.floor(room / 2))}${'x'.repeat(room % 2)}`;
        expect(new TextEncoder().encode(key)).toHaveLength(1000);
        await store.put(key, 'long');
        expect(await (await store.get(key))?.text()).toBe('long');
        expect((await store.list(prefix)).objects.map((object) => object.key)).toEqual([key]);
      });

      it.each([
        '',
        '/a',
        '.',
        'a/../b',
        'a/.',
        'a\nb',
        'a\u0000b',
        '\ud800',
        'x'.repeat(1025),
        'ü'.repeat(513),
      ])('refuses %j everywhere', async (key) => {
        const refusal = { code: 'invalid_input' };
        await expect(store.put(key, '')).rejects.toMatchObject(refusal);
        await expect(store.head(key)).rejects.toMatchObject(refusal);
        await expect(store.get(key)).rejects.toMatchObject(refusal);
        await expect(store.delete([key])).rejects.toMatchObject(refusal);
        await expect(store.createMultipart(key)).rejects.toMatchObject(refusal);
      });
    });

    describe('list', () => {
      it('pages through a prefix in order, each object once', async () => {
        const prefix = `${newKey()}/`;
        const names = Array.from({ length: 25 }, (_, index) => `${prefix}${String(index).padStart(3, '0')}`);
        await Promise.all([...names, `${prefix.slice(0, -1)}-other`].map((key) => store.put(key, key)));
        const pages = await allPages(store, prefix, { limit: 10 });
        expect(pages.map((page) => page.objects.length)).toEqual([10, 10, 5]);
        expect(pages.flatMap((page) => page.objects.map((object) => object.key))).toEqual(names);
        expect(pages[0]?.objects[0]).toEqual({
          key: names[0],
          sizeBytes: prefix.length + 3,
          etag: (await store.head(names[0] ?? ''))?.etag,
          uploadedAtMs: expect.any(Number),
        });
      });

      it('folds what lies deeper into prefixes, over pages too', async () => {
        const prefix = `${newKey()} ü/`;
        const names = ['a/1', 'a/2', 'b', 'c d+e/1', 'c d+e/2', 'f'].map((name) => `${prefix}${name}`);
        await Promise.all(names.map((key) => store.put(key, '')));
        for (const limit of [1, 2, 1000]) {
          const pages = await allPages(store, prefix, { limit, delimiter: '/' });
          expect(pages.flatMap((page) => page.objects.map((object) => object.key))).toEqual([
            `${prefix}b`,
            `${prefix}f`,
          ]);
          expect(pages.flatMap((page) => page.prefixes)).toEqual([`${prefix}a/`, `${prefix}c d+e/`]);
        }
      });

      it('is empty for a prefix that nothing has', async () => {
        expect(await store.list(`${newKey()}_%`)).toEqual({ objects: [], prefixes: [], cursor: null });
      });
    });

    describe('delete', () => {
      it('deletes many, and does not mind those that are not there', async () => {
        const prefix = `${newKey()}/`;
        const names = Array.from({ length: 30 }, (_, index) => `${prefix}${index}`);
        await Promise.all(names.map((key) => store.put(key, '')));
        await store.put(`${prefix}kept`, '');
        await store.delete([...names, `${prefix}never`]);
        await store.delete(names);
        expect((await store.list(prefix)).objects.map((object) => object.key)).toEqual([`${prefix}kept`]);
      });

      it('deletes nothing when given nothing', async () => {
        await store.delete([]);
      });
    });

    describe('multipart', () => {
      it('joins two parts, one sent twice, one streamed', async () => {
        const key = newKey();
        const bytes = pattern(6 * mebibyte);
        const [first, second] = [bytes.subarray(0, 5 * mebibyte), bytes.subarray(5 * mebibyte)];
        const { uploadId } = await store.createMultipart(key, { contentType: 'application/gzip' });
        await store.uploadPart(key, uploadId, 1, pattern(5 * mebibyte, 3));
        const parts = [
          await store.uploadPart(key, uploadId, 1, streamOf(first, 64_000), { sizeBytes: first.byteLength }),
          await store.uploadPart(key, uploadId, 2, second),
        ];
        expect(await store.head(key)).toBeNull();
        const stored = await store.completeMultipart(key, uploadId, parts);
        expect(stored).toEqual({ key, sizeBytes: bytes.byteLength, etag: expect.any(String) });
        const read = await store.get(key, { ifMatch: stored.etag });
        expect(read?.info).toMatchObject({ etag: stored.etag, contentType: 'application/gzip' });
        expect(equal((await read?.bytes()) ?? null, bytes)).toBe(true);
        const across = await store.get(key, { range: { offset: 5 * mebibyte - 3, length: 6 } });
        expect(
          equal((await across?.bytes()) ?? null, bytes.subarray(5 * mebibyte - 3, 5 * mebibyte + 3)),
        ).toBe(true);
      });

      it('leaves nothing after an abort, which may be repeated', async () => {
        const key = newKey();
        const { uploadId } = await store.createMultipart(key);
        const part = await store.uploadPart(key, uploadId, 1, 'part');
        await store.abortMultipart(key, uploadId);
        await store.abortMultipart(key, uploadId);
        expect(await store.head(key)).toBeNull();
        expect((await store.list(key)).objects).toEqual([]);
        const complete = store.completeMultipart(key, uploadId, [part]);
        await expect(complete).rejects.toMatchObject({ code: 'not_found' });
        await expect(store.uploadPart(key, uploadId, 2, 'x')).rejects.toMatchObject({ code: 'not_found' });
      });

      it('refuses a part that was never sent, and a part too small to be followed', async () => {
        const key = newKey();
        const { uploadId } = await store.createMultipart(key);
        const first = await store.uploadPart(key, uploadId, 1, 'small');
        const second = await store.uploadPart(key, uploadId, 2, 'small');
        const tooSmall = store.completeMultipart(key, uploadId, [first, second]);
        await expect(tooSmall).rejects.toMatchObject({ code: 'invalid_input' });
        const unknown = store.completeMultipart(key, uploadId, [first, { partNumber: 7, etag: 'none' }]);
        await expect(unknown).rejects.toMatchObject({ code: 'invalid_input' });
        await store.abortMultipart(key, uploadId);
      });
    });

    describe('putStream', () => {
      it('stores 20 MiB of unknown length byte for byte', async () => {
        const key = newKey();
        const bytes = pattern(20 * mebibyte + 5);
        const stored = await putHashed(store, key, streamOf(bytes, 1_000_003), { contentType: 'text/csv' });
        expect(stored).toMatchObject({ key, sizeBytes: bytes.byteLength, sha256: await sha256(bytes) });
        expect(await store.head(key)).toMatchObject({ etag: stored.etag, contentType: 'text/csv' });
        expect(equal(await bytesAt(store, key), bytes)).toBe(true);
      });

      it.each([
        ['nothing', 0],
        ['a little', 10],
        ['just under a part', 8 * mebibyte - 1],
        ['just a part', 8 * mebibyte],
        ['just over a part', 8 * mebibyte + 1],
      ])('stores %s', async (_, length) => {
        const key = newKey();
        const bytes = pattern(length);
        const stored = await putHashed(store, key, streamOf(bytes, 3_000_000));
        expect(stored).toMatchObject({ sizeBytes: length, sha256: await sha256(bytes) });
        expect(equal(await bytesAt(store, key), bytes)).toBe(true);
      });

      it('passes a body of known length through', async () => {
        const key = newKey();
        const bytes = pattern(mebibyte);
        const stored = await putStream(store, key, streamOf(bytes, 50_000), { sizeBytes: mebibyte });
        expect(stored).toMatchObject({ sizeBytes: mebibyte });
        expect(equal(await bytesAt(store, key), bytes)).toBe(true);
        const short = putStream(store, `${key}-short`, streamOf(bytes, 50_000), { sizeBytes: mebibyte + 1 });
        await expect(short).rejects.toMatchObject({ code: 'invalid_input' });
        expect(await store.head(`${key}-short`)).toBeNull();
      });

      it.each([
        ['in the first part', 100_000],
        ['after the second part', 17 * mebibyte],
      ])('leaves nothing of a stream that breaks %s', async (_, length) => {
        const key = newKey();
        await expect(putStream(store, key, brokenAfter(length))).rejects.toThrow('the sender went away');
        expect(await store.head(key)).toBeNull();
      });

      it('refuses a body that grows beyond the limit, and one that says so', async () => {
        const key = newKey();
        const grown = putStream(store, key, streamOf(pattern(9 * mebibyte), 500_000), {
          maxSizeBytes: 8.5 * mebibyte,
        });
        await expect(grown).rejects.toMatchObject({ code: 'payload_too_large' });
        const announced = putStream(store, key, streamOf(pattern(11), 11), {
          sizeBytes: 11,
          maxSizeBytes: 10,
        });
        await expect(announced).rejects.toMatchObject({ code: 'payload_too_large' });
        expect(await store.head(key)).toBeNull();
      });
    });
  });
}

async function bytesAt(store: ObjectStore, key: string): Promise<Uint8Array | null> {
  return (await (await store.get(key))?.bytes()) ?? null;
}

async function allPages(
  store: ObjectStore,
  prefix: string,
  options: { limit: number; delimiter?: string },
): Promise<ObjectPage[]> {
  const pages: ObjectPage[] = [];
  let cursor: string | null = null;
  do {
    const page: ObjectPage = await store.list(prefix, { ...options, ...(cursor !== null && { cursor }) });
    pages.push(page);
    cursor = page.cursor;
  } while (cursor !== null);
  return pages;
}
