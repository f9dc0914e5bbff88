import { describe, expect, inject, it } from 'vitest';
import { signedIn } from '../support/browser.ts';
import {
  type Answer,
  allScopes,
  type Call,
  type CallOptions,
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { subscribe } from '../support/events.ts';
import { newFlow, newParticipants, newSource, sourcesPath, syncPath } from '../support/flows.ts';
import { startReceiver } from '../support/receiver.ts';

// The routes and their guards come from the running app: a route that is written tomorrow is tested tomorrow.
interface GuardedRoute {
  method: string;
  path: string;
  access: {
    scope: string;
    keyInBody?: boolean;
    idempotent?: boolean;
    answersSecret?: boolean;
    bodyLimitBytes?: number;
    media?: string[];
  };
}

const url = inject('hubUrl');
const listed = await fetch(`${url}/dev/routes`);
const { guarded, registered } = (await listed.json()) as {
  guarded: GuardedRoute[];
  registered: { method: string; path: string }[];
};

/** Open to everyone, and why. Nothing else may be. */
const publicRoutes = new Set([
  'GET /healthz', // Monitoring has no key.
  'GET /api/openapi.json', // What the API is, is no secret.
  'GET /api/docs',
  'GET /api/docs.css',
]);
const middleware = new Set(['ALL /*', 'ALL /dev/*']);

const nameOf = (route: { method: string; path: string }) =>
  `${route.method} ${route.path.replace(/:([A-Za-z]+)(\{[^}]*\})?/g, '{$1}')}`;

type Owner = TestProgram & { url: string };

/** A real resource of a program for each name that a path may hold. */
const resources: Record<string, (owner: Owner) => Promise<string>> = {
  programId: async (owner) => owner.programId,
  folder: async () => 'warehouse',
  dataset: async () => 'people',
  key: async () => '1',
  id: async (owner) => {
    const body = {
      PublisherProgramId: owner.programId,
      EventType: 'A',
      PublisherEventId: '1',
      EventStartUtc: '2026-11-22T02:00:00Z',
    };
    const published = expectStatus(await owner.call('POST', '/api/events', { body }), 201);
    return published.headers.get('location')?.slice('/api/events/'.length) ?? '';
  },
  job: async (owner) => {
    await saveTask(owner);
    return 'people';
  },
  filename: async (owner) => {
    const put = owner.call('PUT', `/api/programs/${owner.programId}/files/warehouse/people.csv`, {
      body: 'id,name\n1,Ada\n',
    });
    expectStatus(await put, 201);
    return 'people.csv';
  },
  publisherId: (owner) => publisherOf(owner),
  version: async () => '1',
  syncId: async (owner) => {
    const publisher = await publisherOf(owner);
    const path = `/api/programs/${owner.programId}`;
    // Nothing is there to be sent: the address is never called.
    const learningBuilder = { baseUrl: 'http://127.0.0.1:9', apiKey: 'key' };
    expectStatus(await owner.call('PATCH', path, { body: { learningBuilder } }), 200);
    const synced = await owner.call('POST', `${path}/eventSubs/${publisher}/sync`);
    return expectStatus(synced, 200).body.syncs[0].syncId;
  },
  subscriberId: async (owner) => {
    const subscriber = await newProgram(url);
    await subscribe(url, subscriber, owner);
    return subscriber.programId;
  },
  keyId: async (owner) => {
    const body = { name: 'another', scopes: ['manage'] };
    const made = await owner.call('POST', `/api/programs/${owner.programId}/keys`, { body });
    return expectStatus(made, 201).body.keyId;
  },
  sessionId: async (owner) => {
    await signedIn(url, owner.key);
    const listed = await owner.call('GET', `/api/programs/${owner.programId}/sessions`);
    return expectStatus(listed, 200).body.items[0].sessionId;
  },
  uploadId: async (owner) => {
    const body = { folder: 'warehouse', filename: 'upload.csv', size: 3 };
    const begun = await owner.call('POST', `/api/programs/${owner.programId}/uploads`, { body });
    const { uploadId, url: to, headers } = expectStatus(begun, 201).body;
    expect(
      (await fetch(to, { method: 'PUT', headers: { ...headers, connection: 'close' }, body: 'abc' })).status,
    ).toBe(200);
    return uploadId;
  },
  jobId: async (owner) => {
    await saveTask(owner);
    const called = await dropAndCall(owner, 'people', 'people.csv', 'id,name\n1,Ada\n');
    const { jobId } = expectStatus(called, 200).body;
    await jobEnded(owner.call, jobId);
    return jobId;
  },
  webhookId: async (owner) => {
    const body = { url: 'https://school.example/hooks', events: ['job.*'] };
    const made = await owner.call('POST', `/api/programs/${owner.programId}/webhooks`, { body });
    return expectStatus(made, 201).body.webhookId;
  },
  traceId: async (owner) => {
    await saveTask(owner);
    const called = await dropAndCall(owner, 'people', 'people.csv', 'id,name\n1,Ada\n');
    const job = await jobEnded(owner.call, expectStatus(called, 200).body.jobId);
    return job.traceId;
  },
  monitorName: async (owner) => {
    const path = `/api/programs/${owner.programId}/monitors/feed`;
    const body = { watches: { task: 'people' }, everyHours: 24 };
    expectStatus(await owner.call('PUT', path, { body }), 200);
    return 'feed';
  },
  recoveryId: async (owner) => {
    const webhooks = `/api/programs/${owner.programId}/webhooks`;
    const { body: listed } = await owner.call('GET', webhooks);
    const begun = await owner.call('POST', `${webhooks}/${listed.items[0].webhookId}/recover`, {
      body: { since: '2026-01-01T00:00:00Z' },
    });
    return expectStatus(begun, 202).body.recoveryId;
  },
  attentionId: async (owner) => {
    const { flowId } = await newFlow(owner);
    await newSource(owner, flowId, 'class-A');
    expectStatus(await owner.call('POST', `${sourcesPath(flowId)}/sync`), 202);
    expectStatus(await owner.call('POST', `${syncPath(flowId, 'class-A')}/fail`), 200);
    const open = await owner.call('GET', `/api/programs/${owner.programId}/attention`);
    return expectStatus(open, 200).body.items[0].attentionId;
  },
  handling: async () => 'acknowledge',
  exportId: async (owner) => (await makeNight(owner)).exportId,
  localDate: async (owner) => (await makeNight(owner)).localDate,
  name: async (owner) => (await makeNight(owner)).name,
  deliveryId: async (owner) => {
    await saveTask(owner);
    const receiver = await startReceiver();
    try {
      const called = await dropAndCall(owner, 'people', 'people.csv', 'id,name\n1,Ada\n', {
        notifyWebhook: `${receiver.url}/done`,
      });
      await jobEnded(owner.call, expectStatus(called, 200).body.jobId);
      await receiver.waitFor(1);
      const ledger = await owner.call('GET', `/api/programs/${owner.programId}/deliveries`);
      return expectStatus(ledger, 200).body.items[0].deliveryId;
    } finally {
      await receiver.close();
    }
  },
};

/** An export whose first night is already over: its day began in the west, and it has moved to the east since. */
async function makeNight(owner: Owner): Promise<{ exportId: string; localDate: string; name: string }> {
  const base = `/api/programs/${owner.programId}/exports`;
  const [known] = expectStatus(await owner.call('GET', base), 200).body.items;
  const body = {
    name: 'nightly',
    format: 'json',
    events: { types: ['courseCompletion'] },
    destination: 'sftp://crosswalk:secret@127.0.0.1:9/in',
    hostKeys: [{ type: 'ssh-ed25519', fingerprint: `SHA256:${'A'.repeat(43)}` }],
    timeZone: 'Pacific/Midway',
    atLocalTime: '00:00',
    emptyDay: 'send',
  };
  const exportId =
    known?.exportId ?? expectStatus(await owner.call('POST', base, { body }), 201).body.exportId;
  const moved = { body: { timeZone: 'Pacific/Kiritimati' } };
  expectStatus(await owner.call('PATCH', `${base}/${exportId}`, moved), 200);
  const { localDate } = await until(
    async () => (await owner.call('GET', `${base}/${exportId}/runs`)).body.items.at(-1),
    (run) => run?.writtenAt != null,
  );
  const { body: run } = await owner.call('GET', `${base}/${exportId}/runs/${localDate}`);
  return { exportId, localDate, name: run.files[0].name };
}
/** The flow that this path's other names are of; its id is made first. */
const flowOf = async (owner: Owner): Promise<number> => {
  const listed = await owner.call('GET', `/api/programs/${owner.programId}/flows`);
  return expectStatus(listed, 200).body.items[0].flowId;
};

Object.assign(resources, {
  flowId: async (owner) => String((await newFlow(owner)).flowId),
  sourceId: async (owner) => String((await newSource(owner, await flowOf(owner), 'class-A')).id),
  reference: async (owner) => {
    const flowId = await flowOf(owner);
    const { reference } = await newSource(owner, flowId, 'HIS101:2026-2|A;1,2.3');
    expectStatus(await owner.call('POST', `${sourcesPath(flowId)}/sync`), 202);
    return reference;
  },
  participantId: async (owner) => {
    const flowId = await flowOf(owner);
    const [participantId] = await newParticipants(owner, flowId, 1);
    for (const { id } of (await owner.call('GET', sourcesPath(flowId))).body.items) {
      const path = `${sourcesPath(flowId)}/${id}/allocations/participants`;
      expectStatus(await owner.call('POST', path, { body: [participantId] }), 200);
    }
    return String(participantId);
  },
} satisfies typeof resources);

/** Records and datasets are made by a job; a path that names one needs it to have run. */
const needsJob = new Set(['dataset', 'key']);

/** Names inside a program's own space: another program may well have one like it, or make it. */
const answersToStranger: Record<string, { status: number; code: string }> = {
  'POST /api/webhook/{job}': { status: 400, code: 'unknown_job' },
  // Its body is judged first: test/hub/record-search.test.ts asks with a whole one.
  'POST /api/programs/{programId}/datasets/{dataset}/search': { status: 400, code: 'invalid_input' },
};

const publishers = new Map<string, Promise<string>>();

/** One that the owner subscribes to, the same each time. */
function publisherOf(owner: Owner): Promise<string> {
  const known = publishers.get(owner.programId);
  if (known) return known;
  const made = newProgram(url).then(async (publisher) => {
    await subscribe(url, owner, publisher);
    return publisher.programId;
  });
  publishers.set(owner.programId, made);
  return made;
}

async function saveTask(owner: Owner): Promise<void> {
  const put = owner.call('PUT', `/api/programs/${owner.programId}/tasks/people`, { body: peopleTask });
  expectStatus(await put, 200);
}

const paramsOf = (path: string) => [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name);

const fill = (path: string, values: Record<string, string>) =>
  path.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(values[name] ?? ''));

interface Stage {
  owner: Owner;
  stranger: Owner;
  values: Record<string, string>;
  /** The route's path with the owner's resources. */
  path: string;
}

async function setStage({ path }: GuardedRoute): Promise<Stage> {
  const owner = { ...(await newProgram(url)), url };
  const stranger = { ...(await newProgram(url)), url };
  const values: Record<string, string> = {};
  const names = paramsOf(path);
  if (names.some((name) => needsJob.has(name))) await resources.jobId?.(owner);
  for (const name of names) {
    const make = resources[name];
    if (!make) throw new Error(`Nothing makes a {${name}} yet: add a factory to \`resources\` in this file.`);
    values[name] = await make(owner);
  }
  return { owner, stranger, values, path: fill(path, values) };
}

const noKey = caller(url, null);

function bodyFor({ method, access }: GuardedRoute): Pick<CallOptions, 'body' | 'headers'> {
  if (method === 'GET' || method === 'DELETE') return {};
  if (access.media?.includes('*')) return { body: 'some bytes' };
  return { body: '{}', headers: { 'content-type': access.media?.[0] ?? 'application/json' } };
}

function expectProblem(answer: Answer, status: number, code?: string): Answer {
  expectStatus(answer, status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body).toMatchObject({ status, requestId: answer.headers.get('x-request-id') });
  expect(answer.body.requestId).toMatch(/^req_[0-9a-z]{26}$/);
  if (code !== undefined) expect(answer.body.code).toBe(code);
  return answer;
}

function expectUnauthorized(answer: Answer): void {
  expectProblem(answer, 401, 'unauthorized');
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="crosswalk"/);
}

const expectNoCors = (answer: Answer) =>
  expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);

describe('the routes of the app', () => {
  const declared = new Set(guarded.map(nameOf));
  const mounted = new Set(registered.map(nameOf));

  it('are listed by the running hub', () => {
    expect(listed.status).toBe(200);
    expect(guarded.length).toBeGreaterThan(20);
    expect(registered.length).toBeGreaterThan(guarded.length);
  });

  it('each declare a guard, or stand on the short list of public ones', () => {
    const open = [...mounted].filter(
      (name) =>
        !declared.has(name) &&
        !publicRoutes.has(name) &&
        !middleware.has(name) &&
        !/^(GET|POST) \/dev\//.test(name),
    );
    expect(open).toEqual([]);
  });

  it('are all mounted, once', () => {
    expect([...declared].filter((name) => !mounted.has(name))).toEqual([]);
    expect(guarded.length).toBe(declared.size);
  });

  it('declare a scope that exists, and none is public unawares', () => {
    const unknown = guarded.filter(({ access }) => ![...allScopes, 'system'].includes(access.scope));
    expect(unknown).toEqual([]);
  });

  it('never keep a secret for a second request', () => {
    expect(guarded.filter(({ access }) => access.answersSecret && access.idempotent)).toEqual([]);
  });

  it('never replay what only reads', () => {
    expect(guarded.filter(({ method, access }) => access.idempotent && method === 'GET')).toEqual([]);
  });
});

describe.each([...publicRoutes])('%s', (name) => {
  it('needs no key', async () => {
    const answer = await noKey('GET', name.slice(4));
    expectStatus(answer, 200);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    expectNoCors(answer);
  });
});

/** Routes are tested side by side, the checks of each one after another: the last uses its resource up. */
const inOrder = { concurrent: false };

/** A check that this route has no use for is not there at all: a skipped one might be missed. */
const itIf = (holds: boolean | undefined): ((title: string, check: () => Promise<void>) => void) =>
  holds ? (title, check) => it(title, inOrder, check) : () => {};

describe.concurrent.each(guarded.map((route) => [nameOf(route), route] as const))('%s', (name, route) => {
  const { method, access } = route;
  const params = paramsOf(route.path);
  let staged: Promise<Stage> | undefined;
  const stage = () => {
    staged ??= setStage(route);
    return staged;
  };
  const withKey = async (key: string | null, more: CallOptions = {}) => {
    const { headers, ...body } = bodyFor(route);
    const { path } = await stage();
    return noKey(method, path, { ...body, ...more, key, headers: { ...headers, ...more.headers } });
  };

  it('refuses a call without a key', inOrder, async () => {
    expectUnauthorized(await withKey(null));
    expectUnauthorized(await withKey(null, { body: undefined }));
  });

  it.each([
    ['x-api-key', { 'x-api-key': 'cwk_0000000000000000000000000000000000000000000' }],
    ['Bearer', { authorization: 'Bearer cwk_0000000000000000000000000000000000000000000' }],
    ['Basic', { authorization: `Basic ${btoa('system:cwk_00000000000000000000000000000000000')}` }],
    ['another scheme', { authorization: 'Digest username="system"' }],
    ['nothing after the scheme', { authorization: 'Bearer ' }],
  ])('refuses a wrong key (%s)', inOrder, async (_, headers) => {
    expectUnauthorized(await withKey(null, { headers }));
  });

  it('takes no key from the URL', inOrder, async () => {
    const { owner, path } = await stage();
    for (const key of [owner.key, localSystemKey]) {
      const query = new URLSearchParams({ apiKey: key, 'x-api-key': key, key, access_token: key });
      expectUnauthorized(await noKey(method, `${path}?${query}`, bodyFor(route)));
    }
  });

  it('refuses a key at once when it was revoked', inOrder, async () => {
    const { owner } = await stage();
    const made = await owner.call('POST', `/api/programs/${owner.programId}/keys`, {
      body: { name: 'soon gone', scopes: allScopes },
    });
    const { keyId, key } = expectStatus(made, 201).body;
    const read = () => noKey('GET', `/api/programs/${owner.programId}`, { key });
    expectStatus(await read(), 200);
    expectStatus(await owner.call('DELETE', `/api/programs/${owner.programId}/keys/${keyId}`), 204);
    // The contract gives what remembers the key elsewhere five seconds; where it was revoked it is forgotten at once.
    expectUnauthorized(await withKey(key));
  });

  itIf(params.includes('programId'))("answers 404 to another program's key", async () => {
    const { stranger } = await stage();
    expectProblem(await withKey(stranger.key), 404, 'not_found');
  });

  itIf(params.includes('programId'))('answers 404 for a program that is not there', async () => {
    const { values } = await stage();
    const path = fill(route.path, { ...values, programId: 'nobody' });
    for (const key of [localSystemKey, (await stage()).owner.key]) {
      expectProblem(await noKey(method, path, { key, ...bodyFor(route) }), 404, 'not_found');
    }
  });

  itIf(params.some((param) => param !== 'programId') && method !== 'PUT' && access.scope !== 'system')(
    "does not find another program's resource",
    async () => {
      const { stranger, values } = await stage();
      const path = fill(route.path, { ...values, programId: stranger.programId });
      const expected = answersToStranger[name] ?? { status: 404, code: 'not_found' };
      const options = { key: stranger.key, ...bodyFor(route) };
      expectProblem(await noKey(method, path, options), expected.status, expected.code);
    },
  );

  it('refuses a key without its scope', inOrder, async () => {
    const { owner } = await stage();
    const key = await owner.keyWith(...allScopes.filter((scope) => scope !== access.scope));
    const enough = access.scope === 'system' ? owner.key : key;
    expectProblem(await withKey(enough), 403, 'forbidden');
    if (access.keyInBody) {
      expectProblem(await withKey(null, { body: { APIKEY: key } }), 403, 'forbidden');
    }
  });

  const takesJson = method !== 'GET' && !access.media?.includes('*');

  itIf(takesJson)('refuses a body of another media type', async () => {
    const { path } = await stage();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '']) {
      // Bytes, because fetch gives a string a media type of its own.
      const options = { key: localSystemKey, body: new TextEncoder().encode('a=1') };
      const answer = await noKey(method, path, {
        ...options,
        headers: type === '' ? {} : { 'content-type': type },
      });
      expectProblem(answer, 415, 'unsupported_media_type');
    }
  });

  const tooLarge = () => JSON.stringify('x'.repeat(access.bodyLimitBytes ?? 256 * 1_024));

  itIf(takesJson)('refuses a body that is too large, announced', async () => {
    const { owner } = await stage();
    const key = access.scope === 'system' ? localSystemKey : owner.key;
    const headers = { 'content-type': access.media?.[0] ?? 'application/json' };
    expectProblem(await withKey(key, { body: tooLarge(), headers }), 413, 'payload_too_large');
  });

  itIf(takesJson)('refuses a body that is too large, of unknown length', async () => {
    const { owner } = await stage();
    const key = access.scope === 'system' ? localSystemKey : owner.key;
    const headers = { 'content-type': access.media?.[0] ?? 'application/json' };
    const body = new Blob([tooLarge()]).stream();
    expectProblem(await withKey(key, { body, headers }), 413, 'payload_too_large');
    if (access.keyInBody) {
      const again = new Blob([tooLarge()]).stream();
      expectProblem(await withKey(null, { body: again, headers }), 413, 'payload_too_large');
    }
  });

  itIf(access.answersSecret)('refuses an Idempotency-Key, and its answer is not stored', async () => {
    const { owner } = await stage();
    const key = access.scope === 'system' ? localSystemKey : owner.key;
    if (method !== 'GET') {
      const answer = await withKey(key, { headers: { 'idempotency-key': '"once"' } });
      expectProblem(answer, 400, 'idempotency_key_refused');
    }
    expect((await withKey(key)).headers.get('cache-control')).toBe('no-store');
  });

  itIf(params.length > 0)('answers hostile parameters with the caller’s fault, never ours', async () => {
    const { owner, values } = await stage();
    const key = access.scope === 'system' ? localSystemKey : owner.key;
    for (const param of params) {
      for (const hostile of hostileParameters) {
        const path = route.path.replace(/\{([^}]+)\}/g, (_, one) =>
          one === param ? hostile : encodeURIComponent(values[one] ?? ''),
        );
        const answer = await noKey(method, path, { key, ...bodyFor(route) });
        expect(answer.status, `${param} = ${hostile.slice(0, 40)}: ${answer.text}`).toBeLessThan(500);
      }
    }
  });

  it('opens no door to pages of other origins', inOrder, async () => {
    const { owner, path } = await stage();
    const origin = { origin: 'https://evil.example' };
    const asked = { 'access-control-request-method': method, 'access-control-request-headers': 'x-api-key' };
    const preflight = await noKey('OPTIONS', path, { headers: { ...origin, ...asked } });
    expectNoCors(preflight);
    expect(preflight.status).toBe(405);
    expectNoCors(await noKey(method, path, { key: null, headers: origin, ...bodyFor(route) }));
    if (method === 'GET') {
      expectNoCors(await noKey(method, path, { key: owner.key, headers: origin }));
    }
  });

  // Last, for it may use the resource up; and it proves that the refusals above were about the key.
  it('lets in the key that may', inOrder, async () => {
    const { owner } = await stage();
    const key = access.scope === 'system' ? localSystemKey : await owner.keyWith(access.scope);
    const answer = await withKey(key);
    // 502: a host that gives no keys, as one of which nothing is there.
    expect([200, 201, 202, 204, 400, 409, 502], answer.text).toContain(answer.status);
    expectNoCors(answer);
    const { length } = answer.headers.get('x-request-id') ?? '';
    expect(length).toBe(30);
  });
});

const hostileParameters = [
  '%00',
  '%ff',
  '%ED%A0%80',
  '%E2%80%AE',
  '%0d%0ax-injected:%201',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  "'%20OR%201=1--",
  '__proto__',
  'x'.repeat(5_000),
];

describe('a system key', () => {
  const system: Call = caller(url, localSystemKey);

  it('enters every program', async () => {
    const { programId } = await newProgram(url);
    expectStatus(await system('GET', `/api/programs/${programId}`), 200);
    expectStatus(await system('GET', `/api/programs/${programId.toUpperCase()}`), 200);
  });

  it.each([
    ['x-api-key', { 'x-api-key': localSystemKey }],
    ['x-api-key with spaces around', { 'x-api-key': `  ${localSystemKey} ` }],
    ['Bearer', { authorization: `Bearer ${localSystemKey}` }],
    ['bearer in lower case', { authorization: `bearer ${localSystemKey}` }],
    ['Basic with its key id', { authorization: `Basic ${btoa(`system:${localSystemKey}`)}` }],
    ['Basic without a key id', { authorization: `Basic ${btoa(`:${localSystemKey}`)}` }],
  ])('is taken as %s', async (_, headers) => {
    expectStatus(await noKey('GET', '/api/programs', { headers }), 200);
  });

  it.each([
    ['another key id', { authorization: `Basic ${btoa(`key_1:${localSystemKey}`)}` }],
    ['half of it', { 'x-api-key': localSystemKey.slice(0, 24) }],
    ['other letter case', { 'x-api-key': localSystemKey.toUpperCase() }],
    ['broken base 64', { authorization: 'Basic %%%' }],
    ['no colon', { authorization: `Basic ${btoa('system')}` }],
  ])('is refused with %s', async (_, headers) => {
    expectUnauthorized(await noKey('GET', '/api/programs', { headers }));
  });
});
