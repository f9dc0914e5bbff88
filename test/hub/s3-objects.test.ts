import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { createCrc } from '../../src/platform/crc.ts';
import { expectStatus, newProgram } from '../support/client.ts';
import { callS3, chunkedBody, dropOf, encodeKey, putChunked, type S3Answer } from '../support/s3.ts';

const url = inject('hubUrl');

const program = await newProgram(url);
const access = await dropOf(url, program.programId);
const at = (key: string) => `/${access.bucket}/${encodeKey(key)}`;
const put = (key: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
  callS3(access, { method: 'PUT', path: at(key), body, headers });
const get = (key: string, headers: Record<string, string> = {}) => callS3(access, { path: at(key), headers });
const md5 = (data: Uint8Array | string) => createHash('md5').update(data).digest('hex');

function crcOf(kind: 'crc32' | 'crc32c' | 'crc64nvme', bytes: Uint8Array): string {
  const crc = createCrc(kind);
  crc.update(bytes);
  return Buffer.from(crc.digest()).toString('base64');
}

function expectS3(answer: S3Answer, status: number, code = ''): S3Answer {
  expect([answer.status, answer.code], answer.text.slice(0, 1_000)).toEqual([status, code]);
  expect(answer.headers['x-amz-request-id']).toMatch(/^req_/);
  return answer;
}

describe('PutObject', () => {
  it('stores a file like PUT does, as an immutable version of its own', async () => {
    const first = expectS3(await put('production/warehouse/a.csv', 'id\n1\n'), 200);
    expect(first.headers.etag).toBe(`"${md5('id\n1\n')}"`);
    const listed = await program.call('GET', `/api/programs/${program.programId}/files/warehouse/a.csv`);
    expect(expectStatus(listed, 200).text).toBe('id\n1\n');
    const before = await program.call('GET', `/api/programs/${program.programId}/files?prefix=warehouse/a`);
    expectS3(await put('production/warehouse/a.csv', 'id\n2\n'), 200);
    const after = await program.call('GET', `/api/programs/${program.programId}/files?prefix=warehouse/a`);
    expect(before.body.items[0].source).toBe('s3');
    expect(after.body.items[0].versionId).not.toBe(before.body.items[0].versionId);
    expect(expectS3(await get('production/warehouse/a.csv'), 200).text).toBe('id\n2\n');
  });

  it.each([0, 1, 65_536, 300_000])('stores %i bytes exactly, in every form of payload', async (size) => {
    const content = randomBytes(size);
    const key = `production/warehouse/forms-${size}.bin`;
    const crc = ['x-amz-checksum-crc64nvme', crcOf('crc64nvme', content)] as [string, string];
    const sha = ['x-amz-checksum-sha256', createHash('sha256').update(content).digest('base64')] as [
      string,
      string,
    ];
    const sends = {
      literal: () => put(key, content),
      unsigned: () =>
        callS3(access, { method: 'PUT', path: at(key), body: content, payloadHash: 'UNSIGNED-PAYLOAD' }),
      signed: () => putChunked(access, { path: at(key) }, chunkedBody(content, { signed: true })),
      signedTrailer: () =>
        putChunked(access, { path: at(key) }, chunkedBody(content, { signed: true, trailer: crc })),
      unsignedTrailer: () =>
        putChunked(access, { path: at(key) }, chunkedBody(content, { signed: false, trailer: sha })),
      oddChunks: () =>
        putChunked(access, { path: at(key) }, chunkedBody(content, { signed: true, chunkBytes: 8_191 })),
    };
    for (const [form, send] of Object.entries(sends)) {
      const stored = await send();
      expect(stored.status, `${form}: ${stored.text}`).toBe(200);
      expect(stored.headers.etag).toBe(`"${md5(content)}"`);
      const read = expectS3(await get(key), 200);
      expect(read.bytes.equals(content), form).toBe(true);
      expect(read.headers['content-encoding']).toBeUndefined();
      expectS3(await callS3(access, { method: 'DELETE', path: at(key) }), 204);
    }
  });
});
