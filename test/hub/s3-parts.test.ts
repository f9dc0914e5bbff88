import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { createCrc } from '../../src/platform/crc.ts';
import { caller, expectStatus, localSystemKey, newProgram } from '../support/client.ts';
import {
  callS3,
  type DropAccess,
  dropOf,
  encodeKey,
  type S3Answer,
  type SignedCall,
  sendRaw,
  sign,
} from '../support/s3.ts';

const url = inject('hubUrl');
const program = await newProgram(url);
const access = await dropOf(url, program.programId);
const bucket = `/${access.bucket}`;
const at = (key: string) => `${bucket}/${encodeKey(key)}`;
const md5 = (data: Uint8Array) => createHash('md5').update(data).digest('hex');
const mib = 1_024 * 1_024;

function expectS3(answer: S3Answer, status: number, code = ''): S3Answer {
  expect([answer.status, answer.code], answer.text.slice(0, 1_000)).toEqual([status, code]);
  return answer;
}

const textOf = (answer: S3Answer, name: string) =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.text)?.[1] ?? null;
const textsOf = (answer: S3Answer, name: string) =>
  [...answer.text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => text);

function crc64(bytes: Uint8Array): string {
  const crc = createCrc('crc64nvme');
  crc.update(bytes);
  return Buffer.from(crc.digest()).toString('base64');
}

describe('an upload in parts', () => {
  const begin = async (key: string, headers: Record<string, string> = {}) => {
    const begun = await callS3(access, { method: 'POST', path: at(key), query: { uploads: '' }, headers });
    return textOf(expectS3(begun, 200), 'UploadId') ?? '';
  };
  const sendPart = (
    key: string,
    uploadId: string,
    partNumber: number | string,
    body: Uint8Array,
    more: Partial<SignedCall> = {},
  ) =>
    callS3(access, {
      method: 'PUT',
      path: at(key),
      query: { partNumber: String(partNumber), uploadId },
      body,
      payloadHash: 'UNSIGNED-PAYLOAD',
      ...more,
    });
  const complete = (
    key: string,
    uploadId: string,
    parts: [number, string][],
    headers: Record<string, string> = {},
  ) =>
    callS3(access, {
      method: 'POST',
      path: at(key),
      query: { uploadId },
      headers,
      body: `<CompleteMultipartUpload>${parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag></Part>`).join('')}</CompleteMultipartUpload>`,
    });

  const first = randomBytes(5 * mib);
  const second = randomBytes(5 * mib);
  const last = randomBytes(1_000);
  const whole = Buffer.concat([first, second, last]);

  it('becomes one file, in the order of the numbers, with the etag that clients compute', async () => {
    const key = 'production/parts/whole.bin';
    const uploadId = await begin(key, { 'content-type': 'text/csv', 'x-amz-meta-a': 'b' });
    expectS3(await sendPart(key, uploadId, 30, last), 200);
    expectS3(await sendPart(key, uploadId, 10, second), 200);
    expect(expectS3(await sendPart(key, uploadId, 2, first), 200).headers.etag).toBe(`"${md5(first)}"`);
    // The same number again replaces the part.
    expectS3(await sendPart(key, uploadId, 10, first), 200);
    expectS3(await sendPart(key, uploadId, 10, second), 200);
    const listed = await callS3(access, { path: at(key), query: { uploadId, 'max-parts': '2' } });
    expect(textsOf(expectS3(listed, 200), 'PartNumber')).toEqual(['2', '10']);
    expect([textOf(listed, 'IsTruncated'), textOf(listed, 'NextPartNumberMarker')]).toEqual(['true', '10']);
    const rest = await callS3(access, { path: at(key), query: { uploadId, 'part-number-marker': '10' } });
    expect([textsOf(rest, 'PartNumber'), textOf(rest, 'IsTruncated')]).toEqual([['30'], 'false']);
    expectS3(await callS3(access, { path: at(key) }), 404, 'NoSuchKey');
    const parts: [number, string][] = [
      [2, md5(first)],
      [10, md5(second)],
      [30, md5(last)],
    ];
    const done = expectS3(await complete(key, uploadId, parts), 200);
    const digests = [first, second, last].map((part) => createHash('md5').update(part).digest());
    const etag = `${md5(Buffer.concat(digests))}-3`;
    expect(textOf(done, 'ETag')).toBe(`&#34;${etag}&#34;`);
    const read = expectS3(await callS3(access, { path: at(key) }), 200);
    expect(read.bytes.equals(whole)).toBe(true);
    expect(read.headers).toMatchObject({
      etag: `"${etag}"`,
      'content-type': 'text/csv',
      'x-amz-meta-a': 'b',
    });
    // A client that lost the answer asks again, and there is one version.
    expect(textOf(expectS3(await complete(key, uploadId, parts), 200), 'ETag')).toBe(`&#34;${etag}&#34;`);
    expectS3(await sendPart(key, uploadId, 1, first), 404, 'NoSuchUpload');
    const audit = await program.call('GET', `/api/programs/${program.programId}/audit?limit=200`);
    const stored = audit.body.items.filter(
      (item: { action: string; detail: { filename?: string } }) =>
        item.action === 'file.stored' && item.detail.filename === 'whole.bin',
    );
    expect(stored).toHaveLength(1);
  });

  it('is verified as a whole by the checksum of its CRCs', async () => {
    const key = 'production/parts/checked.bin';
    const uploadId = await begin(key, { 'x-amz-checksum-algorithm': 'CRC64NVME' });
    const wrongPart = await sendPart(key, uploadId, 1, first, {
      headers: { 'x-amz-checksum-crc64nvme': crc64(second) },
    });
    expectS3(wrongPart, 400, 'BadDigest');
    const parts: [number, string][] = [];
    for (const [i, part] of [first, second, last].entries()) {
      const sent = expectS3(await sendPart(key, uploadId, i + 1, part), 200);
      expect(sent.headers['x-amz-checksum-crc64nvme']).toBe(crc64(part));
      parts.push([i + 1, md5(part)]);
    }
    expectS3(
      await complete(key, uploadId, parts, { 'x-amz-checksum-crc64nvme': crc64(first) }),
      400,
      'BadDigest',
    );
    expectS3(await complete(key, uploadId, parts, { 'x-amz-mp-object-size': '5' }), 400, 'InvalidRequest');
    expectS3(await callS3(access, { path: at(key) }), 404, 'NoSuchKey');
    const done = await complete(key, uploadId, parts, {
      'x-amz-checksum-crc64nvme': crc64(whole),
      'x-amz-mp-object-size': String(whole.length),
    });
    expect(textOf(expectS3(done, 200), 'ChecksumCRC64NVME')).toBe(crc64(whole));
  });

  it('is refused where its parts do not fit', async () => {
    const key = 'production/parts/misfit.bin';
    const uploadId = await begin(key);
    expectS3(await sendPart(key, uploadId, 1, last), 200);
    expectS3(await sendPart(key, uploadId, 2, last), 200);
    const one: [number, string] = [1, md5(last)];
    const two: [number, string] = [2, md5(last)];
    expectS3(await complete(key, uploadId, [one, two]), 400, 'EntityTooSmall');
    expectS3(await complete(key, uploadId, [two, one]), 400, 'InvalidPartOrder');
    expectS3(await complete(key, uploadId, [one, one]), 400, 'InvalidPartOrder');
    expectS3(await complete(key, uploadId, [[1, md5(first)]]), 400, 'InvalidPart');
    expectS3(await complete(key, uploadId, [one, [3, md5(last)]]), 400, 'InvalidPart');
    expectS3(await complete(key, uploadId, []), 400, 'MalformedXML');
    expectS3(await complete(key, uploadId, [[0, md5(last)]]), 400, 'InvalidArgument');
    for (const number of ['0', '10001', '-1', 'x', '1.5']) {
      expectS3(await sendPart(key, uploadId, number, last), 400, 'InvalidArgument');
    }
    expectS3(await complete('production/parts/other.bin', uploadId, [one]), 404, 'NoSuchUpload');
    expectS3(await sendPart(key, 'mpu_00000000000000000000000000', 1, last), 404, 'NoSuchUpload');
    expectS3(await callS3(access, { method: 'DELETE', path: at(key), query: { uploadId } }), 204);
    expectS3(
      await callS3(access, { method: 'DELETE', path: at(key), query: { uploadId } }),
      404,
      'NoSuchUpload',
    );
    expectS3(await complete(key, uploadId, [one]), 404, 'NoSuchUpload');
  });

  it('is refused where the object store joins no parts of several sizes', async () => {
    const key = 'production/parts/unequal.bin';
    const uploadId = await begin(key);
    const larger = randomBytes(6 * mib);
    const parts: [number, string][] = [];
    for (const [i, part] of [first, larger, last].entries()) {
      expectS3(await sendPart(key, uploadId, i + 1, part), 200);
      parts.push([i + 1, md5(part)]);
    }
    const refused = expectS3(await complete(key, uploadId, parts), 400, 'InvalidPart');
    expect(refused.text).toContain('one size');
  });

  it('does not take a name that is taken, where it must be new', async () => {
    const key = 'production/parts/once.bin';
    const uploadId = await begin(key);
    expectS3(await sendPart(key, uploadId, 1, last), 200);
    expectS3(await callS3(access, { method: 'PUT', path: at(key), body: 'first' }), 200);
    const once = { 'if-none-match': '*' };
    expectS3(await complete(key, uploadId, [[1, md5(last)]], once), 412, 'PreconditionFailed');
    expect((await callS3(access, { path: at(key) })).text).toBe('first');
  });
});

describe('listing', () => {
  const list = (query: Record<string, string>) =>
    callS3(access, { path: bucket, query: { 'list-type': '2', ...query } });
  const names = ['a.csv', 'a b.csv', 'b/x', 'Z.csv', 'é.csv', 'z+1.csv'].filter(
    (name) => !name.includes('/'),
  );
  const keys = [
    ...names.map((name) => `production/list/${name}`),
    'production/list-2/a.csv',
    'production/list2/a.csv',
    'qa/list/a.csv',
  ].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

  it('gives every key once, in the order of bytes, page by page, in both forms', async () => {
    for (const key of keys) expectS3(await callS3(access, { method: 'PUT', path: at(key), body: key }), 200);
    for (const size of ['1', '3', '1000']) {
      const seen: string[] = [];
      let token: string | null = null;
      do {
        const page: S3Answer = expectS3(
          await list({
            'max-keys': size,
            'encoding-type': 'url',
            ...(token === null ? {} : { 'continuation-token': token }),
          }),
          200,
        );
        seen.push(...textsOf(page, 'Key').map((key) => decodeURIComponent(key ?? '')));
        token = textOf(page, 'NextContinuationToken');
        expect(textOf(page, 'IsTruncated')).toBe(String(token !== null));
      } while (token !== null);
      expect(seen.filter((key) => key.includes('/list'))).toEqual(keys);
      const older: string[] = [];
      let marker: string | null = '';
      while (marker !== null) {
        const page: S3Answer = await callS3(access, {
          path: bucket,
          query: { 'max-keys': size, marker, prefix: 'production/list' },
        });
        older.push(...textsOf(expectS3(page, 200), 'Key').map(String));
        marker = textOf(page, 'NextMarker');
      }
      expect(older).toEqual(keys.filter((key) => key.startsWith('production/')));
    }
  });

  it('folds at the delimiter, and goes on behind a folded prefix', async () => {
    const top = expectS3(await list({ delimiter: '/' }), 200);
    expect([textsOf(top, 'Key'), textsOf(top, 'KeyCount')]).toEqual([[], ['2']]);
    expect(textsOf(top, 'Prefix')).toEqual(['', 'production/', 'qa/']);
    const within = expectS3(await list({ delimiter: '/', prefix: 'production/list', 'max-keys': '1' }), 200);
    const seen = [...textsOf(within, 'Prefix').slice(1)];
    let token = textOf(within, 'NextContinuationToken');
    while (token !== null) {
      const page = await list({
        delimiter: '/',
        prefix: 'production/list',
        'max-keys': '1',
        'continuation-token': token,
      });
      seen.push(...textsOf(page, 'Prefix').slice(1));
      token = textOf(page, 'NextContinuationToken');
    }
    expect(seen).toEqual(['production/list-2/', 'production/list/', 'production/list2/']);
    const odd = expectS3(await list({ delimiter: '.csv', prefix: 'production/list/' }), 200);
    expect(textsOf(odd, 'Key')).toEqual([]);
    const after = expectS3(
      await list({ prefix: 'production/list', 'start-after': 'production/list/z' }),
      200,
    );
    expect(textsOf(after, 'Key')[0]).toBe('production/list/z+1.csv');
    expect(textsOf(expectS3(await list({ 'max-keys': '0' }), 200), 'Key')).toEqual([]);
  });

  it('is refused with parameters that cannot be right', async () => {
    expectS3(await list({ 'max-keys': '-1' }), 400, 'InvalidArgument');
    expectS3(await list({ 'max-keys': 'x' }), 400, 'InvalidArgument');
    expectS3(await list({ 'continuation-token': '%' }), 400, 'InvalidArgument');
    expectS3(await list({ 'encoding-type': 'xml' }), 400, 'InvalidArgument');
    expectS3(await callS3(access, { path: bucket, query: { 'list-type': '3' } }), 400, 'InvalidArgument');
  });

  it('shows one bucket, the program’s own', async () => {
    expect(textsOf(expectS3(await callS3(access, { path: '/' }), 200), 'Name')).toEqual([access.bucket]);
    expectS3(await callS3(access, { method: 'HEAD', path: bucket }), 200);
    const location = expectS3(await callS3(access, { path: bucket, query: { location: '' } }), 200);
    expect(location.text).toContain('<LocationConstraint');
    expectS3(await callS3(access, { method: 'PUT', path: bucket }), 409, 'BucketAlreadyOwnedByYou');
  });

  it('is the same for a bucket in the host’s name', async () => {
    const host = { headers: { host: `${access.bucket}.localhost:${new URL(url).port}` } };
    const answer = await callS3(access, { path: '/', query: { 'list-type': '2', prefix: 'qa/' }, ...host });
    expect(textsOf(expectS3(answer, 200), 'Key')).toEqual(['qa/list/a.csv']);
    expect((await callS3(access, { path: '/qa/list/a.csv', ...host })).text).toBe('qa/list/a.csv');
  });
});

/** One call of every operation, on what is the access key's own. */
const operations: [string, SignedCall][] = [
  ['ListBuckets', { path: '/' }],
  ['HeadBucket', { method: 'HEAD', path: bucket }],
  ['GetBucketLocation', { path: bucket, query: { location: '' } }],
  ['ListObjectsV2', { path: bucket, query: { 'list-type': '2' } }],
  ['ListObjects', { path: bucket }],
  [
    'DeleteObjects',
    {
      method: 'POST',
      path: bucket,
      query: { delete: '' },
      body: '<Delete><Object><Key>a</Key></Object></Delete>',
    },
  ],
  ['GetObject', { path: at('production/list/a.csv') }],
  ['HeadObject', { method: 'HEAD', path: at('production/list/a.csv') }],
  ['PutObject', { method: 'PUT', path: at('production/battery/a.csv'), body: 'x' }],
  ['DeleteObject', { method: 'DELETE', path: at('production/battery/b.csv') }],
  ['CreateMultipartUpload', { method: 'POST', path: at('production/battery/a.csv'), query: { uploads: '' } }],
  [
    'UploadPart',
    {
      method: 'PUT',
      path: at('production/battery/a.csv'),
      query: { partNumber: '1', uploadId: 'mpu_x' },
      body: 'x',
    },
  ],
  [
    'CompleteMultipartUpload',
    {
      method: 'POST',
      path: at('production/battery/a.csv'),
      query: { uploadId: 'mpu_x' },
      body: '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>',
    },
  ],
  [
    'AbortMultipartUpload',
    { method: 'DELETE', path: at('production/battery/a.csv'), query: { uploadId: 'mpu_x' } },
  ],
  ['ListParts', { path: at('production/battery/a.csv'), query: { uploadId: 'mpu_x' } }],
];

describe.concurrent.each(operations)('%s', (name, call) => {
  const isHead = call.method === 'HEAD';
  const expectCode = (answer: S3Answer, status: number, code: string) => {
    expectS3(answer, status, isHead ? '' : code);
    if (!isHead) expect(textOf(answer, 'RequestId')).toBe(answer.headers['x-amz-request-id']);
    expect(answer.text).not.toContain(access.secretAccessKey);
  };
  const as = (other: Partial<DropAccess>, more: Partial<SignedCall> = {}) =>
    callS3({ ...access, ...other }, { ...call, ...more });

  it('is refused with an unknown key, a wrong secret, and the secret of another program', async () => {
    expectCode(await as({ accessKeyId: 'CWAKAAAAAAAAAAAAAAAA' }), 403, 'InvalidAccessKeyId');
    expectCode(await as({ accessKeyId: "' OR 1=1--" }), 403, 'InvalidAccessKeyId');
    expectCode(await as({ secretAccessKey: 'wrong' }), 403, 'SignatureDoesNotMatch');
    const stranger = await dropOf(url, (await newProgram(url)).programId);
    expectCode(await as({ secretAccessKey: stranger.secretAccessKey }), 403, 'SignatureDoesNotMatch');
  });

  it('is refused to the key of another program', async () => {
    const stranger = await dropOf(url, (await newProgram(url)).programId);
    const answer = await callS3(stranger, call);
    if (name === 'ListBuckets') return expect(textsOf(answer, 'Name')).toEqual([stranger.bucket]);
    expectCode(answer, 403, 'AccessDenied');
  });

  it('is refused without any signature: then the address is not the door’s', async () => {
    const { method, target } = sign(access, call);
    const answer = await sendRaw(url, { method, target, headers: { host: new URL(url).host } }, call.body);
    // The dashboard is at the root.
    expect(answer.status).toBe(name === 'ListBuckets' ? answer.status : 404);
    expect(answer.text).not.toContain(access.bucket);
  });

  it('is refused with a clock 16 minutes off, either way', async () => {
    for (const minutes of [-16, 16]) {
      expectCode(await as({}, { atMs: Date.now() + minutes * 60_000 }), 403, 'RequestTimeTooSkewed');
    }
  });

  it('is refused with a header added, doubled or a session token', async () => {
    const add = (headers: Record<string, string | string[]>) =>
      as({}, { tamper: (sent) => Object.assign(sent.headers, headers) });
    expectCode(await add({ 'x-amz-meta-more': '1' }), 403, 'AccessDenied');
    expectCode(await add({ 'x-amz-security-token': 'token' }), 400, 'InvalidRequest');
    const doubled = sign(access, call).headers['x-amz-date'];
    const twice = await as(
      {},
      { tamper: (sent) => (sent.headers['x-amz-date'] = [String(doubled), String(doubled)]) },
    );
    expectCode(twice, 400, 'AuthorizationHeaderMalformed');
  });

  it('is refused with another method, path, query or host than was signed', async () => {
    const tamper = (
      change: (sent: { method: string; target: string; headers: Record<string, string | string[]> }) => void,
    ) => as({}, { tamper: change });
    const other = call.method === 'DELETE' ? 'GET' : 'DELETE';
    const answers = [
      await tamper((sent) => (sent.method = other)),
      await tamper((sent) => (sent.target = sent.target.replace(/^\/[^?]*/, '$&x'))),
      await tamper((sent) => (sent.target += `${sent.target.includes('?') ? '&' : '?'}prefix=x`)),
      await tamper((sent) => (sent.headers.host = 'elsewhere.example')),
    ];
    for (const answer of answers) expect(answer.status, answer.text).toBe(403);
  });

  it('says NotImplemented of what it does not know', async () => {
    expectCode(await as({}, { query: { ...call.query, 'x-unknown': '1' } }), 501, 'NotImplemented');
  });

  it('is let in by the key that may', async () => {
    const answer = await as({});
    expect(answer.status, answer.text).not.toBe(403);
    expect(answer.status).toBeLessThan(500);
    expect(Object.keys(answer.headers).filter((header) => header.startsWith('access-control-'))).toEqual([]);
  });
});

describe('the secret of a drop key', () => {
  it('is in no log line and no error', async () => {
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(inject('hubLog'), 'utf8')).not.toContain(access.secretAccessKey);
  });

  it('goes, and a new pair comes, when somebody asks', async () => {
    const own = await newProgram(url);
    const old = await dropOf(url, own.programId);
    const rotate = (overlapHours: number) =>
      own.call('POST', `/api/programs/${own.programId}/drop/rotate`, { body: { overlapHours } });
    const rotated = expectStatus(await rotate(24), 201).body;
    expect(rotated.keys).toHaveLength(2);
    expect(JSON.stringify(rotated)).not.toContain('secretAccessKey');
    const fresh = await dropOf(url, own.programId);
    expect(fresh.accessKeyId).not.toBe(old.accessKeyId);
    for (const one of [old, fresh]) expectS3(await callS3(one, { path: `/${old.bucket}` }), 200);
    expectStatus(await rotate(0), 201);
    const gone = await callS3(old, { path: `/${old.bucket}` });
    expectS3(gone, 403, 'InvalidAccessKeyId');
    expect(gone.text).toContain(`/api/programs/${own.programId}/drop`);
    expectS3(await callS3(fresh, { path: `/${old.bucket}` }), 403, 'InvalidAccessKeyId');
    expectS3(await callS3(await dropOf(url, own.programId), { path: `/${old.bucket}` }), 200);
  });

  it('opens nothing once its program is deleted', async () => {
    const own = await newProgram(url);
    const drop = await dropOf(url, own.programId);
    expectS3(await callS3(drop, { path: '/' }), 200);
    const deleted = await caller(url, localSystemKey)('DELETE', `/api/programs/${own.programId}`);
    expect(deleted.status).toBeLessThan(300);
    expectS3(await callS3(drop, { path: '/' }), 403, 'InvalidAccessKeyId');
  });
});
