import { describe, expect, it } from 'vitest';
import { S3Presigner, S3Signer } from '../../../src/platform/objects/sign.ts';

/** The example credentials and requests of the S3 API reference, "Signature Calculations" and "Query Parameters". */
const example = {
  bucketUrl: 'https://examplebucket.s3.amazonaws.com',
  region: 'us-east-1',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  wallNow: () => Date.UTC(2013, 4, 24),
};
const emptyBodySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('S3Signer against the values AWS publishes', () => {
  const signer = new S3Signer(example);

  it('signs a URL', async () => {
    const url = new URL(await signer.signUrl('GET', signer.url('test.txt'), {}, 86_400));
    expect(Object.fromEntries(url.searchParams)).toEqual({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request',
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Expires': '86400',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    });
  });

  it.each([
    [
      'ListObjects',
      { 'max-keys': '2', prefix: 'J' },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
    [
      'GetBucketLifecycle',
      { lifecycle: '' },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
  ])('signs the headers of %s', async (_, query, signature) => {
    const headers = await signer.signHeaders('GET', signer.url(null, query), {
      'x-amz-content-sha256': emptyBodySha256,
    });
    expect(headers.get('authorization')).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        `SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
    );
  });
});

describe('S3Signer.url', () => {
  const signer = new S3Signer({ ...example, bucketUrl: 'https://host/bucket' });

  it.each([
    ['two words', 'two%20words'],
    ['a+b%c', 'a%2Bb%25c'],
    ['a/b//c/', 'a/b//c/'],
    ["!'()*~", '%21%27%28%29%2A~'],
    ['ü?#', '%C3%BC%3F%23'],
  ])('encodes %j once', (key, path) => {
    expect(signer.url(key)).toBe(`https://host/bucket/${path}`);
    expect(new URL(signer.url(key)).pathname).toBe(`/bucket/${path}`);
  });

  it('encodes a query without a plus for a space', () => {
    expect(signer.url(null, { prefix: 'a b&c' })).toBe('https://host/bucket?prefix=a%20b%26c');
  });
});

describe('S3Presigner.presignPut', () => {
  const presigner = new S3Presigner(example);

  it('signs the length, the type and the condition it was given', async () => {
    const { url, headers } = await presigner.presignPut('a', {
      sizeBytes: 12,
      expiresSeconds: 900,
      contentType: 'text/csv',
      onlyIfAbsent: true,
    });
    expect(headers).toEqual({ 'content-length': '12', 'content-type': 'text/csv', 'if-none-match': '*' });
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe(
      'content-length;content-type;host;if-none-match',
    );
    expect(url).not.toContain('wJalr');
  });

  it.each([0, 1.5, 604_801, Number.NaN])('refuses a life of %s seconds', async (expiresSeconds) => {
    await expect(presigner.presignPut('a', { sizeBytes: 1, expiresSeconds })).rejects.toThrow(RangeError);
  });
});
