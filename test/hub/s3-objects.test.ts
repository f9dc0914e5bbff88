import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { type CrcKind, createCrc } from '../../src/platform/crc.ts';
import {
  caller,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  until,
} from '../support/client.ts';
import { startReceiver } from '../support/receiver.ts';
import {
  callS3,
  chunkedBody,
  dropOf,
  encodeKey,
  putChunked,
  type S3Answer,
  type SignedCall,
  sign,
} from '../support/s3.ts';

const url = inject('hubUrl');
const program = await newProgram(url);
const access = await dropOf(url, program.programId);
const at = (key: string) => `/${access.bucket}/${encodeKey(key)}`;
const call = (method: string, key: string, more: Partial<SignedCall> = {}) =>
  callS3(access, { method, path: at(key), ...more });
const put = (key: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
  call('PUT', key, { body, headers });
const md5 = (data: Uint8Array | string) => createHash('md5').update(data).digest('hex');

function crcOf(kind: CrcKind, bytes: Uint8Array): string {
  const crc = createCrc(kind);
  crc.update(bytes);
  return Buffer.from(crc.digest()).toString('base64');
}

function expectS3(answer: S3Answer, status: number, code = ''): S3Answer {
  expect([answer.status, answer.code], answer.text.slice(0, 1_000)).toEqual([status, code]);
  expect(answer.headers['x-amz-request-id']).toMatch(/^req_/);
  return answer;
}

const isThere = async (key: string) => (await call('HEAD', key)).status === 200;

describe('PutObject', () => {
  it('stores a file like PUT does, as an immutable version of its own', async () => {
    const first = expectS3(await put('production/warehouse/a.csv', 'id\n1\n'), 200);
    expect(first.headers.etag).toBe(`"${md5('id\n1\n')}"`);
    const listed = await program.call('GET', `/api/programs/${program.programId}/files/warehouse/a.csv`);
    expect(expectStatus(listed, 200).text).toBe('id\n1\n');
    const find = () => program.call('GET', `/api/programs/${program.programId}/files?prefix=warehouse/a`);
    const before = await find();
    expectS3(await put('production/warehouse/a.csv', 'id\n2\n'), 200);
    const after = await find();
    expect(before.body.items[0].source).toBe('s3');
    expect(after.body.items[0].versionId).not.toBe(before.body.items[0].versionId);
    expect(expectS3(await call('GET', 'production/warehouse/a.csv'), 200).text).toBe('id\n2\n');
  });

  it.each([0, 1, 65_536, 300_000])('stores %i bytes exactly, in every form of payload', async (size) => {
    const content = randomBytes(size);
    const key = `production/warehouse/forms-${size}.bin`;
    const crc: [string, string] = ['x-amz-checksum-crc64nvme', crcOf('crc64nvme', content)];
    const sha = createHash('sha256').update(content).digest('base64');
    const chunked = (...options: Parameters<typeof chunkedBody>) =>
      putChunked(access, { path: at(key) }, chunkedBody(...options));
    const sends = {
      literal: () => put(key, content),
      unsigned: () => call('PUT', key, { body: content, payloadHash: 'UNSIGNED-PAYLOAD' }),
      signed: () => chunked(content, { signed: true }),
      signedTrailer: () => chunked(content, { signed: true, trailer: crc }),
      unsignedTrailer: () => chunked(content, { signed: false, trailer: ['x-amz-checksum-sha256', sha] }),
      oddChunks: () => chunked(content, { signed: true, chunkBytes: 8_191 }),
    };
    for (const [form, send] of Object.entries(sends)) {
      const stored = await send();
      expect(stored.status, `${form}: ${stored.text}`).toBe(200);
      expect(stored.headers.etag).toBe(`"${md5(content)}"`);
      const read = expectS3(await call('GET', key), 200);
      expect(read.bytes.equals(content), form).toBe(true);
      expect(read.headers['content-encoding']).toBeUndefined();
      expectS3(await call('DELETE', key), 204);
    }
  });

  it('keeps what it still holds when only the end of the form follows', async () => {
    // 16 KiB, then 256 KiB at a time are read: all but the last chunk and the trailer end on such a border.
    for (const blocks of [0, 1, 2, 3]) {
      const border = 16_384 + blocks * 262_144;
      const content = randomBytes(border - 4 - (border - 8).toString(16).length);
      const trailer: [string, string] = ['x-amz-checksum-crc32', crcOf('crc32', content)];
      const form = chunkedBody(content, { signed: false, trailer, chunkBytes: content.length });
      const key = `production/warehouse/border-${blocks}.bin`;
      expectS3(await putChunked(access, { path: at(key) }, form), 200);
      expect(expectS3(await call('GET', key), 200).bytes.equals(content)).toBe(true);
    }
  });

  const content = randomBytes(10_000);
  const right = {
    crc32: crcOf('crc32', content),
    crc32c: crcOf('crc32c', content),
    crc64nvme: crcOf('crc64nvme', content),
    sha1: createHash('sha1').update(content).digest('base64'),
    sha256: createHash('sha256').update(content).digest('base64'),
  };

  it.each(Object.entries(right))(
    'verifies %s, in a header and in a trailer, and stores nothing where it is wrong',
    async (name, value) => {
      const header = `x-amz-checksum-${name}`;
      const wrong = `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`;
      const key = `production/warehouse/checked-${name}.bin`;
      const trailing = (given: string, isSigned: boolean) =>
        putChunked(
          access,
          { path: at(key) },
          chunkedBody(content, { signed: isSigned, trailer: [header, given] }),
        );
      expectS3(await put(key, content, { [header]: wrong }), 400, 'BadDigest');
      expectS3(await trailing(wrong, true), 400, 'BadDigest');
      expectS3(await trailing(wrong, false), 400, 'BadDigest');
      expectS3(await trailing('', false), 400, 'InvalidDigest');
      expect(await isThere(key)).toBe(false);
      expect(expectS3(await put(key, content, { [header]: value }), 200).headers[header]).toBe(value);
      expectS3(await trailing(value, true), 200);
      expectS3(await trailing(value, false), 200);
      const read = await call('GET', key, { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
      expect(expectS3(read, 200).headers).toMatchObject({
        [header]: value,
        'x-amz-checksum-type': 'FULL_OBJECT',
      });
    },
  );

  it('is refused where the signature says nothing of the body, as S3 does', async () => {
    const key = 'production/warehouse/open.bin';
    const open = { method: 'PUT', path: at(key), body: 'id\n1\n', payloadHash: null };
    const refused = expectS3(await callS3(access, open), 400, 'InvalidRequest');
    expect(refused.text).toContain('x-amz-content-sha256');
    expectS3(await callS3(access, { ...open, method: 'GET', body: '' }), 400, 'InvalidRequest');
    expect(await isThere(key)).toBe(false);
  });

  it('verifies Content-MD5 and the signed hash, and stores nothing where one is wrong', async () => {
    const key = 'production/warehouse/digest.bin';
    const other = Buffer.from(md5('other'), 'hex').toString('base64');
    expectS3(await put(key, content, { 'content-md5': other }), 400, 'BadDigest');
    expectS3(await put(key, content, { 'content-md5': 'short' }), 400, 'InvalidDigest');
    const elsewhere = createHash('sha256').update('other').digest('hex');
    const answer = await call('PUT', key, { body: content, payloadHash: elsewhere });
    expectS3(answer, 400, 'XAmzContentSHA256Mismatch');
    expect(await isThere(key)).toBe(false);
    const own = Buffer.from(md5(content), 'hex').toString('base64');
    expectS3(await put(key, content, { 'content-md5': own }), 200);
  });

  it('keeps the metadata and the type, and not the encoding of the transfer', async () => {
    const key = 'production/warehouse/meta.csv';
    const headers = {
      'content-type': 'text/csv',
      'x-amz-meta-mtime': '1700000000.5',
      'content-encoding': 'gzip',
    };
    expectS3(await put(key, 'not really gzip', headers), 200);
    const read = expectS3(await call('GET', key), 200);
    expect(read.text).toBe('not really gzip');
    expect(read.headers).toMatchObject({
      ...headers,
      'content-security-policy': expect.stringContaining('sandbox'),
    });
    const large = { 'x-amz-meta-a': 'x'.repeat(3_000) };
    expectS3(await put(key, 'x', large), 400, 'InvalidArgument');
  });

  it('stores only where nothing is with if-none-match: *', async () => {
    const key = 'production/warehouse/once.csv';
    const once = { 'if-none-match': '*' };
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((body) => put(key, body, once)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    expectS3(await put(key, 'e', once), 412, 'PreconditionFailed');
    const winner = answers.findIndex(({ status }) => status === 200);
    expect((await call('GET', key)).text).toBe('abcd'[winner]);
    expectS3(await put(key, 'f', { 'if-none-match': '"abc"' }), 501, 'NotImplemented');
    expectS3(await put(key, 'f', { 'if-match': '"abc"' }), 501, 'NotImplemented');
  });

  it('takes a presigned URL, for as long as it lasts', async () => {
    const key = 'production/warehouse/presigned.csv';
    const presign = { expiresSeconds: 60 };
    expectS3(await call('PUT', key, { presign, body: 'by link' }), 200);
    expectS3(await call('GET', key, { presign }), 200);
    const old = { presign, atMs: Date.now() - 61_000 };
    expectS3(await call('GET', key, old), 403, 'AccessDenied');
    const other = await call('GET', key, { presign, tamper: (sent) => (sent.method = 'DELETE') });
    expectS3(other, 403, 'SignatureDoesNotMatch');
    expect((await call('GET', key)).text).toBe('by link');
  });
});

describe('GetObject and HeadObject', () => {
  const key = 'production/warehouse/numbers.txt';
  const read = (headers: Record<string, string> = {}, method = 'GET') => call(method, key, { headers });

  it('answer ranges and conditions', async () => {
    const stored = expectS3(await put(key, '0123456789'), 200);
    const etag = String(stored.headers.etag);
    const whole = expectS3(await read(), 200);
    expect(whole.headers).toMatchObject({ 'content-length': '10', etag, 'accept-ranges': 'bytes' });
    expect(expectS3(await read({}, 'HEAD'), 200).headers).toMatchObject({ 'content-length': '10', etag });
    for (const [range, text, says] of [
      ['bytes=2-4', '234', 'bytes 2-4/10'],
      ['bytes=8-', '89', 'bytes 8-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=5-500', '56789', 'bytes 5-9/10'],
    ] as const) {
      const part = expectS3(await read({ range }), 206);
      expect([part.text, part.headers['content-range']]).toEqual([text, says]);
    }
    expectS3(await read({ range: 'bytes=10-' }), 416, 'InvalidRange');
    expectS3(await read({ 'if-none-match': etag }), 304);
    expectS3(await read({ 'if-none-match': '"other"' }), 200);
    expectS3(await read({ 'if-match': etag }), 200);
    expectS3(await read({ 'if-match': '"other"' }), 412, 'PreconditionFailed');
    expectS3(await read({ 'if-modified-since': new Date(Date.now() + 60_000).toUTCString() }), 304);
    expectS3(await read({ 'if-unmodified-since': new Date(0).toUTCString() }), 412, 'PreconditionFailed');
    expectS3(await read({ 'if-match': '"other"' }, 'HEAD'), 412);
  });

  it('know nothing of keys that no file can have', async () => {
    for (const one of [
      'production',
      'production/',
      'a',
      'production/warehouse/none.csv',
      'staging/a/b.csv',
      'qa/a/b/c',
    ]) {
      expectS3(await call('GET', one), 404, 'NoSuchKey');
      expectS3(await call('HEAD', one), 404);
      expectS3(await call('DELETE', one), 204);
    }
  });
});

describe('a key', () => {
  it.each([
    ['no environment', 'warehouse/a.csv'],
    ['another environment', 'staging/warehouse/a.csv'],
    ['no folder', 'production/a.csv'],
    ['a folder too many', 'production/warehouse/b/a.csv'],
    ['an empty folder', 'production//a.csv'],
    ['an empty name', 'production/warehouse/'],
    ['a backslash', 'production/warehouse/a\\b.csv'],
    ['a control character', 'production/warehouse/a\u0001.csv'],
    ['a name of 256 characters', `production/warehouse/${'x'.repeat(256)}`],
    ['1,024 bytes', `production/warehouse/${'x'.repeat(1_003)}`],
  ])('is refused with %s', async (_, key) => {
    expectS3(await put(key, 'x'), 400, 'InvalidArgument');
  });

  it('is refused beyond 1,024 bytes', async () => {
    expectS3(await put(`production/warehouse/${'x'.repeat(1_004)}`, 'x'), 400, 'KeyTooLongError');
  });

  it.each([
    'plain.csv',
    'with space.csv',
    'a+b&c=d.csv',
    "!'()*~;@,$.csv",
    '100%.csv',
    'a%2Fb.csv',
    'Zürich-名前-🎓.csv',
    '.hidden',
    '<x>"&amp;.csv',
    'ü'.repeat(255),
  ])('is kept as it is: %s', async (name) => {
    const key = `production/names/${name}`;
    expectS3(await put(key, name), 200);
    expect(expectS3(await call('GET', key), 200).text).toBe(name);
    const listed = await callS3(access, {
      path: `/${access.bucket}`,
      query: { 'list-type': '2', 'encoding-type': 'url', prefix: key },
    });
    const [, encoded = ''] = /<Contents><Key>([^<]*)</.exec(listed.text) ?? [];
    expect(decodeURIComponent(encoded)).toBe(key);
  });

  it('is one whether its slashes and letters are escaped or not', async () => {
    expectS3(await put('production/names/esc.csv', 'x'), 200);
    const path = `/${access.bucket}/production%2Fnames/e%73c.csv`;
    // Signed as the client writes it on the line (curl), and as S3 does.
    expectS3(await callS3(access, { path }), 200);
    const tamper = (sent: { target: string }) => {
      sent.target = path;
    };
    expectS3(await call('GET', 'production/names/esc.csv', { tamper }), 200);
  });

  it('cannot climb with dots, and a doubled slash is no folder', async () => {
    for (const path of ['/production/../production/names/esc.csv', '/production/./names/esc.csv']) {
      expectS3(await callS3(access, { path: `/${access.bucket}${path}` }), 403, 'SignatureDoesNotMatch');
    }
    expectS3(await callS3(access, { path: `/${access.bucket}//production/names/esc.csv` }), 404, 'NoSuchKey');
    expectS3(
      await callS3(access, { path: `//${access.bucket}/production/names/esc.csv` }),
      403,
      'AccessDenied',
    );
  });
});

describe('DeleteObjects', () => {
  const post = (body: string, more: Partial<SignedCall> = {}) =>
    callS3(access, { method: 'POST', path: `/${access.bucket}`, query: { delete: '' }, body, ...more });

  it('deletes files with all their versions, and says so', async () => {
    const keys = ['a&b.csv', 'b.csv', 'c.csv'].map((name) => `production/deleted/${name}`);
    for (const key of keys) {
      expectS3(await put(key, '1'), 200);
      expectS3(await put(key, '2'), 200);
    }
    const named = [...keys, 'production/deleted/never.csv', 'no/key'].map(
      (key) => `<Object><Key>${key.replace('&', '&amp;')}</Key></Object>`,
    );
    const answer = expectS3(
      await post(`<?xml version="1.0"?>\n<Delete xmlns="x">${named.join('')}</Delete>`),
      200,
    );
    expect(answer.text.match(/<Deleted>/g)).toHaveLength(5);
    for (const key of keys) expect(await isThere(key)).toBe(false);
    const quiet = await post('<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object></Delete>');
    expect(expectS3(quiet, 200).text).not.toContain('<Deleted>');
  });

  it.each([
    ['nothing', ''],
    ['no XML', 'hello'],
    ['another document', '<Remove><Object><Key>a</Key></Object></Remove>'],
    ['no object', '<Delete></Delete>'],
    ['a broken end', '<Delete><Object><Key>a</Key></Object>'],
    ['crossed elements', '<Delete><Object><Key>a</Object></Key></Delete>'],
    ['a comment', '<Delete><!-- x --><Object><Key>a</Key></Object></Delete>'],
    ['CDATA', '<Delete><Object><Key><![CDATA[a]]></Key></Object></Delete>'],
    ['nesting', `${'<Delete>'.repeat(50)}${'</Delete>'.repeat(50)}`],
    ['too many objects', `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1_001)}</Delete>`],
    [
      'an XML bomb',
      `<!DOCTYPE Delete [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 9 }, (_, i) => `<!ENTITY ${'bcdefghij'[i]} "${`&${'abcdefghi'[i]};`.repeat(10)}">`).join('')}]><Delete><Object><Key>&j;</Key></Object></Delete>`,
    ],
    [
      'an entity from a file',
      '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>',
    ],
  ])('is refused with %s', async (_, body) => {
    expectS3(await post(body), 400, 'MalformedXML');
  });

  it('is refused above its size, and with a wrong checksum', async () => {
    expectS3(await post(' '.repeat(8 * 1_024 * 1_024 + 1)), 400, 'EntityTooLarge');
    const body = '<Delete><Object><Key>a</Key></Object></Delete>';
    expectS3(
      await post(body, { headers: { 'content-md5': Buffer.alloc(16).toString('base64') } }),
      400,
      'BadDigest',
    );
  });
});

describe('a task with startOnDrop', () => {
  it('starts its job for every drop, unchanged or not, once each, and tells how it ended', async () => {
    const receiver = await startReceiver();
    const own = await newProgram(url);
    const drop = await dropOf(url, own.programId);
    const startOnDrop = { filename: 'people*.csv', webhook: `${receiver.url}/done` };
    const saved = await own.call('PUT', `/api/programs/${own.programId}/tasks/people`, {
      body: { ...peopleTask, startOnDrop },
    });
    expectStatus(saved, 200);
    const jobs = async () => (await own.call('GET', `/api/programs/${own.programId}/jobs`)).body.items;
    const key = `/${drop.bucket}/production/warehouse/people-1.csv`;
    for (const count of [1, 2]) {
      expectS3(await callS3(drop, { method: 'PUT', path: key, body: 'id,name\n1,Ada\n' }), 200);
      const started = await until(jobs, (all) => all.length >= count);
      await jobEnded(own.call, started[0].jobId);
    }
    const untouched = [
      'production/warehouse/other.csv',
      'production/elsewhere/people-1.csv',
      'qa/warehouse/people-1.csv',
    ];
    for (const other of untouched) {
      expectS3(
        await callS3(drop, { method: 'PUT', path: `/${drop.bucket}/${other}`, body: 'id,name\n2,Bob\n' }),
        200,
      );
    }
    const byApi = await own.call('PUT', `/api/programs/${own.programId}/files/warehouse/people-2.csv`, {
      body: 'id,name\n1,Ada\n',
    });
    expectStatus(byApi, 201);
    const all = await until(jobs, (list) => list.length >= 3);
    for (const { jobId } of all)
      expect(await jobEnded(own.call, jobId)).toMatchObject({ status: 'succeeded' });
    expect(all).toHaveLength(3);
    const received = await receiver.waitFor(3);
    const told = received.map(({ body }) => JSON.parse(body)).map(({ type, data }) => [type, data.jobId]);
    expect(told.sort()).toEqual(all.map(({ jobId }: { jobId: string }) => ['job.succeeded', jobId]).sort());
    await receiver.close();
  });

  it('is refused with an address that could never be called', async () => {
    const body = { ...peopleTask, startOnDrop: { webhook: 'ftp://school.example' } };
    const saved = await program.call('PUT', `/api/programs/${program.programId}/tasks/people`, { body });
    expect(expectStatus(saved, 400).body).toMatchObject({
      code: 'url_not_allowed',
      errors: [{ path: 'startOnDrop.webhook' }],
    });
  });
});

describe('CopyObject', () => {
  const copy = (source: string, key: string, headers: Record<string, string> = {}) =>
    call('PUT', key, { headers: { 'x-amz-copy-source': source, ...headers } });

  it('drops a file again, under its own name or another, with its metadata or new', async () => {
    const key = 'production/copies/a b.csv';
    expectS3(await put(key, 'id\n1\n', { 'x-amz-meta-mtime': '1', 'content-type': 'text/csv' }), 200);
    const find = async () =>
      (await program.call('GET', `/api/programs/${program.programId}/files?prefix=copies/a`)).body.items[0];
    const before = await find();
    const replaced = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-mtime': '2' };
    expectS3(await copy(at(key).slice(1), key, replaced), 200);
    const after = await find();
    expect(after).toMatchObject({ etag: before.etag, source: 's3' });
    expect(after.versionId).not.toBe(before.versionId);
    expect((await call('HEAD', key)).headers['x-amz-meta-mtime']).toBe('2');
    expectS3(await copy(at(key), 'production/copies/b.csv'), 200);
    const other = expectS3(await call('GET', 'production/copies/b.csv'), 200);
    expect([other.text, other.headers['x-amz-meta-mtime']]).toEqual(['id\n1\n', '2']);
  });

  it('finds nothing of another bucket, or that is not there', async () => {
    expectS3(await copy('/private-other/production/a/b.csv', 'production/copies/c.csv'), 403, 'AccessDenied');
    expectS3(await copy(at('production/a/none.csv'), 'production/copies/c.csv'), 404, 'NoSuchKey');
    expectS3(
      await copy(`${at('production/a/b.csv')}?versionId=1`, 'production/copies/c.csv'),
      501,
      'NotImplemented',
    );
    const part = {
      method: 'PUT',
      path: at('production/copies/c.csv'),
      query: { partNumber: '1', uploadId: 'mpu_x' },
    };
    const headers = { 'x-amz-copy-source': at('production/a/b.csv') };
    expectS3(await callS3(access, { ...part, headers }), 501, 'NotImplemented');
  });
});

describe('a drop for QA', () => {
  it('is its clients’ to see, and none of this hub’s files', async () => {
    expectS3(await put('qa/warehouse/trial.csv', 'id\n1\n'), 200);
    expect((await call('GET', 'qa/warehouse/trial.csv')).text).toBe('id\n1\n');
    const api = await program.call('GET', `/api/programs/${program.programId}/files?limit=200`);
    const names = expectStatus(api, 200).body.items.map((item: { filename: string }) => item.filename);
    expect(names).not.toContain('trial.csv');
    const listed = await callS3(access, {
      path: `/${access.bucket}`,
      query: { 'list-type': '2', prefix: 'qa/' },
    });
    expect(listed.text).toContain('<Key>qa/warehouse/trial.csv</Key>');
    expectS3(await call('DELETE', 'qa/warehouse/trial.csv'), 204);
    expectS3(await call('GET', 'qa/warehouse/trial.csv'), 404, 'NoSuchKey');
  });
});

describe('a broken body', () => {
  const key = 'production/warehouse/broken.bin';
  const content = randomBytes(200_000);
  const crc: [string, string] = ['x-amz-checksum-crc32', crcOf('crc32', content)];
  const signedBody = chunkedBody(content, { signed: true });
  const trailerBody = chunkedBody(content, { signed: true, trailer: crc });
  const send = (form: ReturnType<typeof chunkedBody>, damage: (bytes: Buffer) => Buffer) =>
    putChunked(access, { path: at(key) }, form, damage);
  const replace = (bytes: Buffer, from: string, to: string) => {
    const found = bytes.lastIndexOf(from);
    return Buffer.concat([bytes.subarray(0, found), Buffer.from(to), bytes.subarray(found + from.length)]);
  };

  it.each([
    [
      'a byte changed',
      (bytes: Buffer) => {
        bytes.writeUInt8(bytes.readUInt8(500) ^ 1, 500);
        return bytes;
      },
      'SignatureDoesNotMatch',
    ],
    [
      'a chunk’s signature changed',
      (bytes: Buffer) => {
        const digit = bytes.indexOf('chunk-signature=') + 16;
        bytes.write(bytes.toString('latin1', digit, digit + 1) === '0' ? '1' : '0', digit);
        return bytes;
      },
      'SignatureDoesNotMatch',
    ],
    [
      'a signature too long',
      (bytes: Buffer) => replace(bytes, 'chunk-signature=', 'chunk-signature=0').subarray(0, bytes.length),
      'InvalidRequest',
    ],
    [
      'the last chunk missing',
      (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf('0;chunk-signature')),
      'IncompleteBody',
    ],
    ['cut in a chunk', (bytes: Buffer) => bytes.subarray(0, 100_000), 'IncompleteBody'],
    ['more after its end', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('more')]), 'InvalidRequest'],
    ['a size that is none', (bytes: Buffer) => replace(bytes, '0;chunk', 'x;chunk'), 'InvalidRequest'],
    ['an endless first line', () => Buffer.alloc(300_000, 'a'), 'InvalidRequest'],
    ['no signatures', () => Buffer.from('1\r\na\r\n0\r\n\r\n'), 'InvalidRequest'],
  ])('in chunks with %s stores nothing', async (_, damage, code) => {
    const answer = await send(chunkedBody(Buffer.from(content), { signed: true }), damage);
    expect([answer.status, answer.code], answer.text).toEqual([
      code === 'SignatureDoesNotMatch' ? 403 : 400,
      code,
    ]);
    expect(await isThere(key)).toBe(false);
  });

  it.each([
    [
      'an unsigned trailer',
      (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf('x-amz-trailer-signature')),
      'IncompleteBody',
    ],
    [
      'a trailer’s signature left out',
      (bytes: Buffer) =>
        Buffer.concat([bytes.subarray(0, bytes.lastIndexOf('x-amz-trailer-signature')), Buffer.from('\r\n')]),
      'MalformedTrailerError',
    ],
    ['a trailer changed', (bytes: Buffer) => replace(bytes, crc[1], 'AAAAAA=='), 'SignatureDoesNotMatch'],
    [
      'a trailer not announced',
      (bytes: Buffer) => replace(bytes, 'x-amz-checksum-crc32:', 'x-amz-checksum-crc32c:'),
      'MalformedTrailerError',
    ],
    ['no trailer', (bytes: Buffer) => replace(bytes, `${crc[0]}:${crc[1]}\r\n`, ''), 'SignatureDoesNotMatch'],
  ])('with %s stores nothing', async (_, damage, code) => {
    const answer = await send(trailerBody, damage);
    expect([answer.status, answer.code], answer.text).toEqual([
      code === 'SignatureDoesNotMatch' ? 403 : 400,
      code,
    ]);
    expect(await isThere(key)).toBe(false);
  });

  it('that has not the length it announced stores nothing', async () => {
    for (const length of [content.length - 1, content.length + 1]) {
      const headers = { 'x-amz-decoded-content-length': String(length) };
      const answer = await putChunked(access, { path: at(key), headers }, signedBody);
      expectS3(answer, 400, 'IncompleteBody');
    }
    expect(await isThere(key)).toBe(false);
  });

  it('without a length is refused, and so is one above the limit', async () => {
    async function* stream() {
      yield content;
    }
    expectS3(await call('PUT', key, { body: stream() }), 411, 'MissingContentLength');
    const headers = { 'x-amz-decoded-content-length': '100000001' };
    const answer = expectS3(
      await putChunked(access, { path: at(key), headers }, signedBody),
      400,
      'EntityTooLarge',
    );
    expect(answer.text).toContain('/uploads');
    expect(await isThere(key)).toBe(false);
  });

  it('that is large and wrong from its beginning is answered all the same', async () => {
    const large = randomBytes(20_000_000);
    const answer = await putChunked(
      access,
      { path: at(key) },
      chunkedBody(large, { signed: true }),
      (bytes) => {
        bytes.writeUInt8(bytes.readUInt8(500) ^ 1, 500);
        return bytes;
      },
    );
    expectS3(answer, 403, 'SignatureDoesNotMatch');
    const stranger = { ...access, secretAccessKey: 'another' };
    const refused = await callS3(stranger, { method: 'PUT', path: at(key), body: large });
    expectS3(refused, 403, 'SignatureDoesNotMatch');
    expect(await isThere(key)).toBe(false);
  });

  it('that its client breaks off stores nothing', async () => {
    const signed = sign(access, { method: 'PUT', path: at(key), payloadHash: 'UNSIGNED-PAYLOAD' });
    const { request } = await import('node:http');
    const { hostname, port } = new URL(url);
    const headers = { ...signed.headers, 'content-length': '200000' };
    const sent = request({ hostname, port, method: 'PUT', path: signed.target, headers });
    const closed = new Promise((resolve) => sent.on('error', resolve));
    sent.write(content.subarray(0, 100_000));
    setTimeout(() => sent.destroy(), 100);
    await closed;
    expect(await isThere(key)).toBe(false);
  });
});

describe('the drop as the API describes it', () => {
  const path = `/api/programs/${program.programId}/drop`;

  it('tells where, with which keys, and when they change; the secrets to those who may', async () => {
    const plain = expectStatus(await program.call('GET', path), 200).body;
    expect(plain).toMatchObject({ endpoint: url, bucket: access.bucket, prefix: 'production/' });
    expect(plain.keys[0]).toMatchObject({ accessKeyId: access.accessKeyId, ageDays: 0, endsAt: null });
    expect(plain.keys[0]).not.toHaveProperty('secretAccessKey');
    const used = await until(
      async () => (await program.call('GET', path)).body.keys[0].lastUsedAt,
      (at) => at !== null,
    );
    expect(Math.abs(Date.parse(used) - Date.now())).toBeLessThan(3_600_000);
    expect(new Date(plain.nextRotationAt).toISOString()).toMatch(/-(01|04|07|10)-(09|10)T/);
    const reader = await program.keyWith('read');
    expectStatus(await program.call('GET', `${path}?secrets=true`, { key: reader }), 403);
    const manager = await program.keyWith('read', 'manage');
    const secret = expectStatus(await program.call('GET', `${path}?secrets=true`, { key: manager }), 200);
    expect(secret.body.keys[0].secretAccessKey).toBe(access.secretAccessKey);
    const audit = await caller(url, localSystemKey)(
      'GET',
      `/api/programs/${program.programId}/audit?limit=200`,
    );
    const reads = audit.body.items.filter(({ action }: { action: string }) => action === 'drop.secrets_read');
    expect(reads.length).toBeGreaterThan(0);
    expect(JSON.stringify(audit.body)).not.toContain(access.secretAccessKey);
  });
});
