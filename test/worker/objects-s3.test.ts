import { describe, expect, inject, it } from 'vitest';
import { AppError } from '../../src/platform/errors.ts';
import { type S3Config, S3ObjectStore } from '../../src/platform/objects/index.ts';
import { errorText, newKey, pattern, stallingAfter, streamOf } from '../platform/objects/bodies.ts';
import { describeObjectStore } from '../platform/objects/objects-conformance.ts';

const config: S3Config = { ...inject('s3'), region: 'auto' };
const store = new S3ObjectStore(config);

describeObjectStore('an S3 bucket', () => store);

describe('a presigned PUT', () => {
  const bytes = pattern(1000);
  const options = { sizeBytes: bytes.byteLength, expiresSeconds: 60, contentType: 'text/csv' };

  it.each(['plain.csv', 'two words + 100% Zoë.csv'])('stores %j with plain fetch', async (name) => {
    const key = `${newKey()}/${name}`;
    const { url, headers } = await store.presignPut(key, options);
    const response = await fetch(url, { method: 'PUT', headers, body: bytes });
    expect(response.status).toBe(200);
    expect(await store.head(key)).toMatchObject({ sizeBytes: 1000, contentType: 'text/csv' });
  });

  it('refuses another key, another type, another length and another time', async () => {
    const key = newKey();
    const { url, headers } = await store.presignPut(key, options);
    const attempts: [string, RequestInit][] = [
      [url.replace(key, `${key}x`), { headers, body: bytes }],
      [url, { headers: { ...headers, 'content-type': 'text/html' }, body: bytes }],
      [url, { headers: { 'content-type': 'text/csv' }, body: pattern(1001) }],
      [url, { headers: { 'content-type': 'text/csv' }, body: streamOf(bytes, 100) }],
      [url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'), { headers, body: bytes }],
    ];
    for (const [attemptUrl, init] of attempts) {
      const response = await fetch(attemptUrl, { method: 'PUT', ...init });
      await response.body?.cancel();
      expect(response.status).toBe(403);
    }
    expect((await store.list(key)).objects).toEqual([]);
  });

  it('has expired after its time', async () => {
    const past = new S3ObjectStore({ ...config, wallNow: () => Date.now() - 120_000 });
    const { url, headers } = await past.presignPut(newKey(), options);
    const response = await fetch(url, { method: 'PUT', headers, body: bytes });
    expect(await response.text()).toContain('ExpiredRequest');
  });

  it('works once with onlyIfAbsent', async () => {
    const { url, headers } = await store.presignPut(newKey(), { ...options, onlyIfAbsent: true });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await fetch(url, { method: 'PUT', headers, body: bytes });
      await response.body?.cancel();
      statuses.push(response.status);
    }
    expect(statuses).toEqual([200, 412]);
  });
});

describe('an S3 store that refuses or is away', () => {
  const calls: [string, (broken: S3ObjectStore) => Promise<unknown>][] = [
    ['put', (broken) => broken.put('k', 'x')],
    ['put a stream', (broken) => broken.put('k', streamOf(pattern(10), 5), { sizeBytes: 10 })],
    ['put a slow stream', (broken) => broken.put('k', stallingAfter(pattern(5)), { sizeBytes: 10 })],
    ['head', (broken) => broken.head('k')],
    ['get', (broken) => broken.get('k')],
    ['delete', (broken) => broken.delete(['k'])],
    ['list', (broken) => broken.list('')],
    ['createMultipart', (broken) => broken.createMultipart('k')],
    ['uploadPart', (broken) => broken.uploadPart('k', 'u', 1, 'x')],
    ['completeMultipart', (broken) => broken.completeMultipart('k', 'u', [{ partNumber: 1, etag: 'e' }])],
    ['abortMultipart', (broken) => broken.abortMultipart('k', 'u')],
  ];
  const failing: typeof fetch = async (input, init) => {
    const headers = Array.from(new Headers(init?.headers), ([name, value]) => `${name}: ${value}`);
    throw new TypeError(`fetch failed: ${input} ${headers.join(' ')}`);
  };
  const stores = {
    'a wrong secret': new S3ObjectStore({ ...config, secretAccessKey: 'another-secret' }),
    'an unknown access key': new S3ObjectStore({ ...config, accessKeyId: 'unknown-access-key' }),
    'a connection that fails': new S3ObjectStore(config, { fetch: failing, retryDelaysMs: [0] }),
  };

  describe.each(Object.entries(stores))('with %s', (_, broken) => {
    it.each(calls)('%s throws "unavailable" without a credential in it', async (_name, call) => {
      const error = await call(broken).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: 'unavailable' });
      expect(errorText(error as AppError)).not.toMatch(/secret|access-key|AWS4|Signature=|X-Amz/);
    });
  });

  it('says so when nothing listens there', async () => {
    const away = new S3ObjectStore({ ...config, bucketUrl: 'http://127.0.0.1:1/b' }, { retryDelaysMs: [] });
    await expect(away.head('k')).rejects.toMatchObject({ code: 'unavailable', storeCode: 'no_answer' });
  });

  it('says so for a bucket that is not there, and not that the object is not', async () => {
    const bucketUrl = config.bucketUrl.replace(/objects$/, 'none');
    const elsewhere = new S3ObjectStore({ ...config, bucketUrl });
    await expect(elsewhere.get('k')).rejects.toMatchObject({ storeCode: 'NoSuchBucket' });
  });

  it('prints no secret when it is itself printed', () => {
    expect(JSON.stringify(store)).not.toContain(config.secretAccessKey);
  });
});
