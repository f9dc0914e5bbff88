import { describe, expect, it } from 'vitest';
import {
  ObjectChangedError,
  ObjectRangeError,
  S3ObjectStore,
  type S3ObjectStoreOptions,
} from '../../../src/platform/objects/index.ts';

type Answer = () => Response;

/** A store that is given these answers in turn, the last one again and again, and what it asked. */
function storeAnswering(answers: Answer[], options: S3ObjectStoreOptions = {}) {
  const asked: { method: string; url: string; headers: Headers }[] = [];
  const store = new S3ObjectStore(
    { bucketUrl: 'https://s3.test/bucket', region: 'auto', accessKeyId: 'id', secretAccessKey: 'secret' },
    {
      retryDelaysMs: [0, 0],
      fetch: async (input, init) => {
        const answer = answers[Math.min(asked.length, answers.length - 1)];
        asked.push({ method: init?.method ?? '', url: String(input), headers: new Headers(init?.headers) });
        if (!answer) throw new Error('no answer was prepared');
        return answer();
      },
      ...options,
    },
  );
  return { store, asked };
}

const ok = (body: BodyInit | null = null, headers: Record<string, string> = {}) => {
  return () => new Response(body, { headers: { etag: '"e"', 'content-length': '3', ...headers } });
};
const status = (code: number, storeCode = '') => {
  const body =
    storeCode && `<?xml version="1.0"?><Error><Code>${storeCode}</Code><Message>secret</Message></Error>`;
  return () => new Response(body || null, { status: code });
};
const unreachable = () => {
  throw new TypeError('fetch failed');
};

describe('S3ObjectStore, when the store fails', () => {
  it.each([
    ['a 503', status(503, 'SlowDown')],
    ['a 500', status(500, 'InternalError')],
    ['a 429', status(429)],
    ['no answer', unreachable],
  ])('asks again after %s, signing anew', async (_, failure) => {
    const { store, asked } = storeAnswering([failure, failure, ok()]);
    expect(await store.head('k')).toMatchObject({ etag: 'e' });
    expect(asked).toHaveLength(3);
  });

  it('gives up after the last delay and says what the store said', async () => {
    const { store, asked } = storeAnswering([status(503, 'SlowDown')]);
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'unavailable',
      operation: 'get',
      status: 503,
      storeCode: 'SlowDown',
    });
    expect(asked).toHaveLength(3);
  });

  it.each([301, 307, 400, 403, 501])('does not ask again after a %i', async (code) => {
    const { store, asked } = storeAnswering([status(code)]);
    await expect(store.put('k', 'x')).rejects.toMatchObject({ code: 'unavailable', status: code });
    expect(asked).toHaveLength(1);
  });

  it('repeats a conditional put only when the first surely did nothing', async () => {
    for (const [failure, times] of [
      [status(409, 'ConditionalRequestConflict'), 3],
      [status(503), 3],
      [status(500), 1],
      [unreachable, 1],
    ] as const) {
      const { store, asked } = storeAnswering([failure]);
      await expect(store.put('k', 'x', { onlyIfAbsent: true })).rejects.toMatchObject({
        code: 'unavailable',
      });
      expect(asked).toHaveLength(times);
    }
  });

  it('stops waiting when nothing comes', async () => {
    const { store } = storeAnswering([], {
      timeoutMs: 1,
      retryDelaysMs: [],
      fetch: (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    });
    await expect(store.head('k')).rejects.toMatchObject({ code: 'unavailable', storeCode: 'timeout' });
  });

  it('never shows what the store wrote in its message', async () => {
    const { store } = storeAnswering([status(403, 'SignatureDoesNotMatch')]);
    const error: unknown = await store.get('k').catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
  });
});

describe('S3ObjectStore, reading answers', () => {
  it.each([
    ['"e"', 'e'],
    ['e', 'e'],
    ['W/"e"', 'e'],
    ['"e-2"', 'e-2'],
  ])('takes the etag %s as %s', async (etag, expected) => {
    const { store } = storeAnswering([ok(null, { etag })]);
    expect((await store.head('k'))?.etag).toBe(expected);
  });

  it('sends an etag in quotes and no compressed answer', async () => {
    const { store, asked } = storeAnswering([ok('abc')]);
    await store.get('k', { ifMatch: 'e-2' });
    expect(asked[0]?.headers.get('if-match')).toBe('"e-2"');
    expect(asked[0]?.headers.get('accept-encoding')).toBe('identity');
    expect(asked[0]?.headers.get('authorization')).not.toContain('accept-encoding');
  });

  it('tells the failures of a get apart', async () => {
    const answering = (answer: Answer) => storeAnswering([answer]).store.get('k', { range: { offset: 1 } });
    expect(await answering(status(404, 'NoSuchKey'))).toBeNull();
    await expect(answering(status(404, 'NoSuchBucket'))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(answering(status(412))).rejects.toBeInstanceOf(ObjectChangedError);
    await expect(answering(status(416))).rejects.toBeInstanceOf(ObjectRangeError);
  });

  it('takes what is already gone as deleted, but not a bucket that is gone', async () => {
    await storeAnswering([status(404, 'NoSuchKey')]).store.delete(['k']);
    await storeAnswering([status(404, 'NoSuchUpload')]).store.abortMultipart('k', 'u');
    const { store } = storeAnswering([status(404, 'NoSuchBucket')]);
    await expect(store.delete(['k'])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.abortMultipart('k', 'u')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('refuses an answer with another range than it asked for', async () => {
    const { store } = storeAnswering([ok('abc')]);
    await expect(store.get('k', { range: { offset: 1 } })).rejects.toMatchObject({
      storeCode: 'another_range',
    });
  });

  it('reads a list as AWS writes it', async () => {
    const { store, asked } = storeAnswering([
      ok(`<?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>a+b%2B</Prefix>
        <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
        <KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><Delimiter>%2F</Delimiter><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
        <Contents><Key>a+b%2B/%C3%BC</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified><ETag>&quot;fba9-3&quot;</ETag>
        <ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>
        <CommonPrefixes><Prefix>a+b%2B/c/</Prefix></CommonPrefixes></ListBucketResult>`),
    ]);
    expect(await store.list('a b+', { delimiter: '/', limit: 2, cursor: 'x/y=' })).toEqual({
      objects: [
        {
          key: 'a b+/ü',
          sizeBytes: 434_234,
          etag: 'fba9-3',
          uploadedAtMs: Date.UTC(2009, 9, 12, 17, 50, 30),
        },
      ],
      prefixes: ['a b+/c/'],
      cursor: '1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=',
    });
    expect(asked[0]?.url).toBe(
      'https://s3.test/bucket?list-type=2&encoding-type=url&max-keys=2&prefix=a%20b%2B&continuation-token=x%2Fy%3D&delimiter=%2F',
    );
  });

  it('reads a list whose store knows no encoding', async () => {
    const { store } = storeAnswering([
      ok(`<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+%41 &amp;amp; &#252;</Key>
        <LastModified>2026-01-01T00:00:00Z</LastModified><ETag>"e"</ETag><Size>0</Size></Contents></ListBucketResult>`),
    ]);
    const page = await store.list('');
    expect(page.objects.map((object) => object.key)).toEqual(['a+%41 &amp; ü']);
    expect(page.cursor).toBeNull();
  });

  it.each([
    ['is no list', '<html></html>'],
    [
      'lacks a size',
      '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents></ListBucketResult>',
    ],
    ['lacks the cursor', '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>'],
  ])('throws for a list that %s', async (_, xml) => {
    await expect(storeAnswering([ok(xml)]).store.list('')).rejects.toMatchObject({ storeCode: 'unreadable' });
  });

  it('finds the error in a 200 of completeMultipart, and asks once', async () => {
    const parts = [{ partNumber: 1, etag: 'p' }];
    const late = ok(' \n<?xml version="1.0"?><Error><Code>InternalError</Code></Error>');
    const { store, asked } = storeAnswering([late]);
    await expect(store.completeMultipart('k', 'u', parts)).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked).toHaveLength(1);
    const gone = storeAnswering([status(404, 'NoSuchUpload')]).store;
    await expect(gone.completeMultipart('k', 'u', parts)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('notices when another object took the place of a completed one', async () => {
    const { store } = storeAnswering([
      ok('<CompleteMultipartUploadResult><ETag>&quot;mine-1&quot;</ETag></CompleteMultipartUploadResult>'),
      ok(null, { etag: '"theirs"' }),
    ]);
    const completed = store.completeMultipart('k', 'u', [{ partNumber: 1, etag: 'p' }]);
    await expect(completed).rejects.toBeInstanceOf(ObjectChangedError);
  });
});
