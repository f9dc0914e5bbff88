import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { R2ObjectStore, S3Presigner } from '../../src/platform/objects/index.ts';
import { describeObjectStore } from '../platform/objects/objects-conformance.ts';

const { OBJECTS } = env as unknown as { OBJECTS: R2Bucket };

describeObjectStore('an R2 binding', () => new R2ObjectStore(OBJECTS));

describe('R2ObjectStore', () => {
  it('presigns only where S3 credentials are configured', async () => {
    expect(new R2ObjectStore(OBJECTS).presignPut).toBeUndefined();
    const presigner = new S3Presigner({
      bucketUrl: 'https://account.r2.cloudflarestorage.com/bucket',
      region: 'auto',
      accessKeyId: 'id',
      secretAccessKey: 'secret',
    });
    const presigned = await new R2ObjectStore(OBJECTS, { presigner }).presignPut?.('a b', {
      sizeBytes: 3,
      expiresSeconds: 60,
    });
    expect(presigned?.url).toMatch(/^https:\/\/account\.r2\.cloudflarestorage\.com\/bucket\/a%20b\?/);
    expect(presigned?.headers).toEqual({ 'content-length': '3' });
  });
});
