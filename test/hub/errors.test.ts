import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { describe, expect, inject, it } from 'vitest';
import {
  type Answer,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  peopleTask,
} from '../support/client.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);
const json = { 'content-type': 'application/json' };

function expectProblem(answer: Answer, status: number, code: string): Answer {
  expectStatus(answer, status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body).toMatchObject({
    type: `https://crosswalk.dev/problems/${code.replaceAll('_', '-')}`,
    title: expect.stringMatching(/\w/),
    status,
    detail: expect.stringMatching(/\w/),
    code,
    requestId: answer.headers.get('x-request-id'),
  });
  return answer;
}

describe('an error', () => {
  it('is a problem of RFC 9457, whoever causes it', async () => {
    const { call, programId } = await newProgram(url);
    expectProblem(await caller(url, null)('GET', '/api/programs'), 401, 'unauthorized');
    expectProblem(await call('GET', '/api/programs'), 403, 'forbidden');
    expectProblem(await call('GET', '/api/jobs/job_1'), 404, 'not_found');
    expectProblem(
      await call('PATCH', `/api/programs/${programId}`, { body: { name: 5 } }),
      400,
      'invalid_input',
    );
  });

  it('names what is wrong with each member of an input', async () => {
    const body = { programId: 'a b', name: '', timeZone: 'Mars/Olympus', contacts: { emails: ['x'] } };
    const answer = expectProblem(await system('POST', '/api/programs', { body }), 400, 'invalid_input');
    expect(answer.body.errors.map((issue: { path: string }) => issue.path).sort()).toEqual([
      'contacts.emails[0]',
      'name',
      'programId',
      'timeZone',
    ]);
    for (const issue of answer.body.errors) {
      expect(Object.keys(issue).sort()).toEqual(['code', 'message', 'path']);
    }
  });

  it('has a request id of its own each time', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await system('GET', '/api/nowhere')).body.requestId),
    );
    expect(new Set(ids).size).toBe(3);
  });

  it('does not take a request id from the caller', async () => {
    const answer = await system('GET', '/api/nowhere', { headers: { 'x-request-id': 'req_mine' } });
    expect(answer.headers.get('x-request-id')).not.toBe('req_mine');
  });

  it('is not kept by caches, and is never guessed to be another type', async () => {
    const answer = await system('GET', '/api/nowhere');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('a body', () => {
  it.each([
    ['cut off', '{"programId": "x"'],
    ['of single quotes', "{'programId': 'x'}"],
    ['with a comma too many', '{"programId": "x",}'],
    ['of white space alone', '  \n'],
    ['with a byte order mark', '\ufeff{"programId": "x"}'],
    ['of a hundred thousand open brackets', '['.repeat(100_000)],
    ['of NaN', 'NaN'],
  ])('%s is refused as malformed JSON', async (_, body) => {
    const answer = await system('POST', '/api/programs', { body, headers: json });
    // A byte order mark is the one thing here that RFC 8259 lets a reader forgive.
    if (body.startsWith('\ufeff')) expectProblem(answer, 400, 'invalid_input');
    else expectProblem(answer, 400, 'malformed_json');
  });

  it.each([['null'], ['[]'], ['"text"'], ['5'], ['true']])('that is %s is refused as input', async (body) => {
    expectProblem(await system('POST', '/api/programs', { body, headers: json }), 400, 'invalid_input');
  });

  it('nested 40,000 deep is refused as input', async () => {
    const body = `{"name":${'['.repeat(40_000)}${']'.repeat(40_000)}}`;
    expectProblem(await system('POST', '/api/programs', { body, headers: json }), 400, 'invalid_input');
  });

  it('that is missing where one must be is refused as input', async () => {
    expectProblem(await system('POST', '/api/programs'), 400, 'invalid_input');
    expectProblem(await system('POST', '/api/programs', { headers: json }), 400, 'invalid_input');
  });

  it.each([
    ['application/json;charset=utf-8'],
    ['application/json ; charset="utf-8"'],
    ['APPLICATION/Json'],
    ['application/json;'],
  ])('may be called %s', async (type) => {
    const body = JSON.stringify({ programId: `t-${randomBytes(8).toString('hex')}`, name: 'x' });
    expectStatus(await system('POST', '/api/programs', { body, headers: { 'content-type': type } }), 201);
  });

  it.each([
    ['POST', '/api/system/reseal', {}],
    ['POST', '/api/system/reseal', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['POST', '/api/system/reseal', { 'content-type': 'application/json' }],
  ])('that is not there has no media type to check: %s %s %o', async (method, path, headers) => {
    expectStatus(await system(method, path, { headers }), 200);
  });

  it('that is optional may be left out, however the client calls it', async () => {
    const { call, programId } = await newProgram(url);
    const path = `/api/programs/${programId}/webhooks/notification-secret/rotate-secret`;
    expectStatus(await call('POST', path), 200);
    expectStatus(await call('POST', path, { headers: json }), 200);
    expectStatus(await call('POST', path, { headers: { 'content-type': 'text/plain' } }), 200);
    const empty = new Blob([]).stream();
    expectStatus(await call('POST', path, { body: empty, headers: { 'content-type': 'text/plain' } }), 200);
  });

  it('that never ends is refused once it is over the limit', async () => {
    const { key } = await newProgram(url);
    const headers = { ...json, 'x-api-key': key, 'transfer-encoding': 'chunked' };
    const sending = request(`${url}/api/webhook/people`, { method: 'POST', headers });
    sending.write(' '.repeat(64 * 1024 + 1));
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    expect(response.headers['content-type']).toBe('application/problem+json');
    sending.on('error', () => {}).destroy();
  });
});

describe('an address', () => {
  it('that does not exist is not found', async () => {
    for (const path of [
      '/nowhere',
      '/api',
      '/api/',
      '/api/programs/',
      '/api/nowhere',
      '/favicon.ico',
      '/dev/nowhere',
    ]) {
      expectProblem(await system('GET', path), 404, 'not_found');
    }
  });

  it('says which methods it has to one it has not', async () => {
    const { programId } = await newProgram(url);
    const list = expectProblem(await system('PUT', '/api/programs', { body: {} }), 405, 'method_not_allowed');
    expect(list.headers.get('allow')).toBe('GET, POST, HEAD');
    const one = await system('POST', `/api/programs/${programId}`);
    expect(expectProblem(one, 405, 'method_not_allowed').headers.get('allow')).toBe(
      'GET, PATCH, DELETE, HEAD',
    );
    const call = await system('GET', '/api/webhook/people');
    expect(expectProblem(call, 405, 'method_not_allowed').headers.get('allow')).toBe('POST');
    const options = await system('OPTIONS', '/healthz');
    expect(expectProblem(options, 405, 'method_not_allowed').headers.get('allow')).toBe('GET, HEAD');
  });

  it('answers HEAD as GET, without a body', async () => {
    const { programId } = await newProgram(url);
    const answer = expectStatus(await system('HEAD', `/api/programs/${programId}`), 200);
    expect(answer.text).toBe('');
    expectStatus(await system('HEAD', '/api/programs/nobody'), 404);
  });
});

describe('the job call', () => {
  it('says success: false to bad input, as its callers have always read', async () => {
    const { call, programId } = await newProgram(url);
    const unknown = await call('POST', '/api/webhook/people', { body: { filename: 'people.csv' } });
    expect(expectProblem(unknown, 400, 'unknown_job').body.success).toBe(false);
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/people`, { body: peopleTask }), 200);
    for (const [body, code] of [
      [{}, 'filename_required'],
      [{ filename: '../people.csv' }, 'filename_invalid'],
      [{ filename: 'people.csv' }, 'file_not_found'],
      [{ filename: 'people.csv', notifyEmail: 'nobody' }, 'notify_address_invalid'],
      [{ filename: 'people.csv', dryRun: 'yes' }, 'invalid_input'],
    ] as const) {
      const answer = await call('POST', '/api/webhook/people', { body });
      expect(expectProblem(answer, 400, code).body.success).toBe(false);
    }
    const malformed = await call('POST', '/api/webhook/people', { body: '{', headers: json });
    expect(expectProblem(malformed, 400, 'malformed_json').body.success).toBe(false);
  });

  it('says nothing of the kind to a wrong key, and no other route does', async () => {
    const unauthorized = await caller(url, null)('POST', '/api/webhook/people', { body: {} });
    expect(expectProblem(unauthorized, 401, 'unauthorized').body).not.toHaveProperty('success');
    const other = await system('POST', '/api/programs', { body: {} });
    expect(expectProblem(other, 400, 'invalid_input').body).not.toHaveProperty('success');
  });
});

describe('an address of the test clock', () => {
  it('says what is wrong with its body, as every other does', async () => {
    const { registered } = (await system('GET', '/dev/routes')).body;
    const paths = registered
      .filter(({ method, path }: Record<string, string>) => method === 'POST' && path?.startsWith('/dev/'))
      .map(({ path }: Record<string, string>) => path)
      .filter((path: string) => path !== '/dev/sweep');
    expect(paths.length).toBeGreaterThan(4);
    for (const path of paths)
      for (const body of ['{"now": ', '', 'null}'])
        expectProblem(await system('POST', path, { body, headers: json }), 400, 'malformed_json');
    for (const path of ['/dev/clock', '/dev/cron', '/dev/queue', '/dev/statements'])
      for (const body of ['null', '"text"', '[]', '{"other": 1}'])
        expectProblem(await system('POST', path, { body, headers: json }), 400, 'invalid_input');
  });

  it('fire no cron that there is not, and name those there are', async () => {
    const answer = await system('POST', '/dev/cron', { body: { cron: '0 2 * * *' } });
    expectProblem(answer, 400, 'invalid_input');
    expect(answer.body.detail).toBe('There is no cron "0 2 * * *": there are "* * * * *" and "17 3 * * *".');
  });
});
