import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RawRequest } from '../../src/s3/canonical.ts';
import { isSignatureRight, isSigned, readClaim, requireTimely, signingKey } from '../../src/s3/sigv4.ts';

interface Form {
  request: string;
  canonicalRequest: string;
  signature: string;
}
interface Vector {
  name: string;
  context: {
    credentials: { access_key_id: string; secret_access_key: string };
    service: string;
    timestamp: string;
    sign_body: boolean;
  };
  header: Form;
  query: Form;
}

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../contract/vectors/aws-sigv4.json', import.meta.url), 'utf8'),
);
const forms = ['header', 'query'] as const;
const cases = vectors.flatMap((vector) =>
  forms.map((form) => [vector.name, form, vector, vector[form]] as const),
);

function parse(text: string): { request: RawRequest; body: string } {
  const [head = '', ...rest] = text.split('\n\n');
  const [line = '', ...headers] = head.split('\n').filter((one) => one !== '');
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(line) ?? [];
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  return {
    request: {
      method,
      path,
      query: at < 0 ? '' : target.slice(at + 1),
      headers: headers.map((header) => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon), header.slice(colon + 1)] as const;
      }),
    },
    body: rest.join('\n\n').replace(/\n+$/, ''),
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Everything the verifier says of a request, as one answer. */
async function verdict(
  request: RawRequest,
  vector: Vector,
  options: { secret?: string; payloadHash: string; nowMs?: number; accessKeyId?: string },
): Promise<boolean> {
  try {
    const claim = readClaim(request, vector.context.service);
    if (claim.accessKeyId !== (options.accessKeyId ?? vector.context.credentials.access_key_id)) return false;
    requireTimely(claim, options.nowMs ?? Date.parse(vector.context.timestamp));
    const secret = options.secret ?? vector.context.credentials.secret_access_key;
    const key = await signingKey(secret, claim.scope);
    return await isSignatureRight(request, claim, key, options.payloadHash);
  } catch (error) {
    if (error instanceof Error && error.name === 'S3Error') return false;
    throw error;
  }
}

const replaceAt = (text: string, at: number, by: string) => text.slice(0, at) + by + text.slice(at + 1);

/** A request for each single component that someone could change on its way. */
function* mutationsOf(request: RawRequest): Generator<[string, RawRequest]> {
  yield ['the method', { ...request, method: request.method === 'GET' ? 'PUT' : 'GET' }];
  yield ['a longer path', { ...request, path: `${request.path}x` }];
  yield ['another path', { ...request, path: `/x${request.path.slice(1)}` }];
  yield ['a doubled slash', { ...request, path: `/${request.path}` }];
  yield ['one more parameter', { ...request, query: `${request.query}&x=1`.replace(/^&/, '') }];
  const params = request.query.split('&').filter((one) => one !== '');
  for (const [i, param] of params.entries()) {
    const others = params.filter((_, at) => at !== i);
    const [name = '', value = ''] = param.split('=');
    yield [`no ${name}`, { ...request, query: others.join('&') }];
    const changed = params.map((one, at) => (at === i ? `${name}=${value}1` : one));
    yield [`another ${name}`, { ...request, query: changed.join('&') }];
    const renamed = params.map((one, at) => (at === i ? `${name}1=${value}` : one));
    yield [`${name} renamed`, { ...request, query: renamed.join('&') }];
  }
  for (const [i, [name, value]] of request.headers.entries()) {
    const others = request.headers.filter((_, at) => at !== i);
    if (name.toLowerCase() === 'authorization') {
      for (const at of [0, 20, 31, value.length - 64, value.length - 1]) {
        const other = value.charAt(at) === '0' ? '1' : '0';
        const headers = [...others, [name, replaceAt(value, at, other)] as const];
        yield [`Authorization at ${at}`, { ...request, headers }];
      }
      for (const [from, to] of [
        ['us-east-1', 'us-east-2'],
        ['20150830/', '20150831/'],
        ['/service/', '/s3/'],
        ['aws4_request', 'aws4_requesx'],
        ['AKIDEXAMPLE', 'AKIDEXAMPLF'],
        ['SignedHeaders=', 'SignedHeaders=accept;'],
        ['host;', ''],
      ] as const) {
        if (!value.includes(from)) continue;
        yield [
          `${from} made "${to}"`,
          { ...request, headers: [...others, [name, value.replace(from, to)] as const] },
        ];
      }
      continue;
    }
    yield [`no ${name}`, { ...request, headers: others }];
    yield [
      `another ${name}`,
      {
        ...request,
        headers: request.headers.map((one, at) => (at === i ? ([name, `${value}x`] as const) : one)),
      },
    ];
    yield [`${name} twice`, { ...request, headers: [...request.headers, [name, value] as const] }];
  }
  yield [
    'an x-amz header added',
    { ...request, headers: [...request.headers, ['X-Amz-Meta-A', '1'] as const] },
  ];
  yield [
    'a session token added',
    { ...request, headers: [...request.headers, ['X-Amz-Security-Token', 't'] as const] },
  ];
}

/** Headers that a form does not sign may change: they are not of the signature. */
const isUnsigned = (what: string, request: RawRequest, vector: Vector) => {
  const { signedHeaders } = readClaim(request, vector.context.service);
  const name = what.replace(/^(?:no|another) | twice$/g, '').toLowerCase();
  return request.headers.some(([given]) => given.toLowerCase() === name) && !signedHeaders.includes(name);
};

describe('the published vectors of Signature Version 4', () => {
  /** What the suite has beside them, by the rule of S3 or of the door that leaves it out. */
  const excluded = {
    'S3 signs the path as it is, never normalised': [
      'get-relative-normalized',
      'get-relative-relative-normalized',
      'get-slash-dot-slash-normalized',
      'get-slash-normalized',
      'get-slash-pointless-dot-normalized',
      'get-slashes-normalized',
    ],
    'HTTP has no folded headers any more (RFC 9112, 5.2)': ['get-header-value-multiline'],
    'drop keys have no session token': [
      'get-vanilla-with-session-token',
      'post-sts-header-after',
      'post-sts-header-before',
    ],
  };

  it('are the suite’s 38 but those that a rule leaves out, in both forms', () => {
    const names = [...vectors.map(({ name }) => name), ...Object.values(excluded).flat()];
    expect(new Set(names).size).toBe(38);
    expect(names).toHaveLength(38);
    expect(cases).toHaveLength(2 * (38 - 10));
  });

  it.each(cases)('%s in the %s form is verified', async (_, form, vector, { request: text, signature }) => {
    const { request, body } = parse(text);
    expect(isSigned(request)).toBe(true);
    expect(readClaim(request, vector.context.service)).toMatchObject({ form, signature: signature.trim() });
    const payloadHash = sha256(body);
    expect(await verdict(request, vector, { payloadHash })).toBe(true);
  });

  it.each(cases)('%s in the %s form is refused with any one thing changed', async (_, form, vector, one) => {
    const { request, body } = parse(one.request);
    const payloadHash = sha256(body);
    let tried = 0;
    for (const [what, mutated] of mutationsOf(request)) {
      if (isUnsigned(what, request, vector)) continue;
      expect(await verdict(mutated, vector, { payloadHash }), what).toBe(false);
      tried++;
    }
    expect(tried).toBeGreaterThan(15);
    expect(await verdict(request, vector, { payloadHash: sha256(`${body}x`) })).toBe(false);
    expect(await verdict(request, vector, { payloadHash, secret: 'another' })).toBe(false);
    const signedAtMs = Date.parse(vector.context.timestamp);
    const late = form === 'header' ? 15 * 60_000 : 3_600_000;
    expect(await verdict(request, vector, { payloadHash, nowMs: signedAtMs + late })).toBe(true);
    expect(await verdict(request, vector, { payloadHash, nowMs: signedAtMs + late + 1 })).toBe(false);
    expect(await verdict(request, vector, { payloadHash, nowMs: signedAtMs - 15 * 60_000 - 1 })).toBe(false);
  });
});

describe("the documentation's own S3 examples", () => {
  // S3 API, "Signature Calculations for the Authorization Header": the object test$file.text.
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const put: RawRequest = {
    method: 'PUT',
    path: '/test%24file.text',
    query: '',
    headers: [
      ['Host', 'examplebucket.s3.amazonaws.com'],
      ['Date', 'Fri, 24 May 2013 00:00:00 GMT'],
      ['x-amz-date', '20130524T000000Z'],
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ['x-amz-content-sha256', '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'],
      [
        'Authorization',
        'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ],
    ],
  };
  const payloadHash = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';

  it.each(['/test%24file.text', '/test$file.text', '/te%73t%24file.text'])(
    'PUT %s is one key',
    async (path) => {
      const request = { ...put, path };
      const claim = readClaim(request, 's3');
      const key = await signingKey(secret, claim.scope);
      expect(await isSignatureRight(request, claim, key, payloadHash)).toBe(true);
    },
  );

  it('a presigned GET is verified, its payload unsigned', async () => {
    const request: RawRequest = {
      method: 'GET',
      path: '/test.txt',
      query:
        'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
      headers: [['host', 'examplebucket.s3.amazonaws.com']],
    };
    const claim = readClaim(request, 's3');
    const key = await signingKey(secret, claim.scope);
    expect(claim.expiresSeconds).toBe(86_400);
    expect(await isSignatureRight(request, claim, key, 'UNSIGNED-PAYLOAD')).toBe(true);
  });
});

describe('a claim', () => {
  const scope = '20260110/us-east-1/s3/aws4_request';
  const signature = 'a'.repeat(64);
  const withHeader = (authorization: string, more: [string, string][] = []): RawRequest => ({
    method: 'GET',
    path: '/',
    query: '',
    headers: [
      ['host', 'hub.example'],
      ['x-amz-date', '20260110T093000Z'],
      ['authorization', authorization],
      ...more,
    ],
  });
  const good = `AWS4-HMAC-SHA256 Credential=CWAKA/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`;

  it('is read, with or without spaces between its members', () => {
    expect(readClaim(withHeader(good), 's3')).toEqual(
      readClaim(withHeader(good.replaceAll(', ', ',')), 's3'),
    );
  });

  it.each([
    ['another algorithm', good.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')],
    ['no signature', good.replace(/, Signature.*/, '')],
    ['a short signature', good.slice(0, -1)],
    ['a signature in capitals', good.replace(signature, 'A'.repeat(64))],
    ['two signatures', `${good}, Signature=${signature}`],
    ['a credential without region', good.replace('/us-east-1/', '/')],
    ['a credential with an empty region', good.replace('/us-east-1/', '//')],
    ['another service', good.replace('/s3/', '/sqs/')],
    ['another day', good.replace('20260110/', '20260111/')],
    ['host unsigned', good.replace('host;', '')],
    ['a header signed twice', good.replace('host;', 'host;host;')],
    ['a header in capitals', good.replace('host;', 'Host;')],
  ])('is refused with %s', (_, authorization) => {
    expect(() => readClaim(withHeader(authorization), 's3')).toThrow(
      expect.objectContaining({ code: 'AuthorizationHeaderMalformed' }),
    );
  });

  it('is refused when both forms are there', () => {
    const both = { ...withHeader(good), query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256' };
    expect(() => readClaim(both, 's3')).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });

  it.each(['20260110T093000', '2026-01-10T09:30:00Z', '20260230T000000Z', '20260110T240000Z', ''])(
    'is refused with the time "%s"',
    (time) => {
      const request = withHeader(good);
      const headers = request.headers.map(([name, value]) =>
        name === 'x-amz-date' ? ([name, time] as const) : ([name, value] as const),
      );
      expect(() => readClaim({ ...request, headers }, 's3')).toThrow(
        expect.objectContaining({ code: 'AuthorizationHeaderMalformed' }),
      );
    },
  );

  it.each(['0', '604801', '-1', '1e3', ' 5', ''])('is refused with X-Amz-Expires "%s"', (expires) => {
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `CWAKA/${scope}`,
      'X-Amz-Date': '20260110T093000Z',
      'X-Amz-Expires': expires,
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': signature,
    });
    const request = { method: 'GET', path: '/', query: query.toString(), headers: [] };
    expect(() => readClaim(request, 's3')).toThrow(
      expect.objectContaining({ code: 'AuthorizationQueryParametersError' }),
    );
  });

  it('is not seen in requests for the other doors', () => {
    expect(isSigned({ query: 'a=X-Amz-Algorithm', headers: [['authorization', 'Bearer AWS4-']] })).toBe(
      false,
    );
  });
});
