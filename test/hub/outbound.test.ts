import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { answers } from '../support/behaviours.ts';
import { expectStatus, newProgram, peopleTask, type TestProgram } from '../support/client.ts';
import { type Crowd, deliveryOnce, newEndpoint, startCrowd } from '../support/fanout.ts';

// Every door through which somebody can give the hub an address to call. The hub of these tests admits loopback.

const hubUrl = inject('hubUrl');
let crowd: Crowd;

beforeAll(async () => {
  crowd = await startCrowd();
});
afterAll(() => crowd.close());

const at = ({ programId }: TestProgram, path: string) => `/api/programs/${programId}${path}`;

async function prepared(): Promise<TestProgram> {
  const program = await newProgram(hubUrl);
  expectStatus(await program.call('PUT', at(program, '/tasks/warehouse'), { body: peopleTask }), 200);
  const put = at(program, '/files/warehouse/p.csv');
  expectStatus(await program.call('PUT', put, { body: 'id,name\n1,Ann\n' }), 201);
  return program;
}

type Door = (program: TestProgram, url: string) => ReturnType<TestProgram['call']>;
const call: Door = (program, url) =>
  program.call('POST', '/api/webhook/warehouse', { body: { filename: 'p.csv', notifyWebhook: url } });
const doors: [string, Door][] = [
  ['an endpoint', (p, url) => p.call('POST', at(p, '/webhooks'), { body: { url, events: ['*'] } })],
  ['a job’s notification', call],
  [
    'its other spelling',
    (p, webhook) =>
      p.call('POST', '/api/webhook/warehouse', {
        body: { filename: 'p.csv', notificationSettings: { webhook } },
      }),
  ],
  [
    'a task that starts on a drop',
    (p, webhook) =>
      p.call('PUT', at(p, '/tasks/warehouse'), { body: { ...peopleTask, startOnDrop: { webhook } } }),
  ],
  [
    'a ping',
    (p, pingUrl) =>
      p.call('PUT', at(p, '/monitors/m'), {
        body: { watches: { task: 'warehouse' }, everyHours: 24, pingUrl },
      }),
  ],
  ['the contacts', (p, webhook) => p.call('PATCH', at(p, ''), { body: { contacts: { webhook } } })],
  [
    'an import API',
    (p, baseUrl) => p.call('PATCH', at(p, ''), { body: { learningBuilder: { baseUrl, apiKey: 'k' } } }),
  ],
];

const tricks = [
  ...[
    'http://school.example/',
    'https://10.0.0.1/',
    'https://0xa000001/',
    'https://012.1/',
    'https://１０.０.０.１/',
  ],
  ...[
    'https://%31%30.0.0.1/',
    'https://10。0。0。1/',
    'https://[::ffff:10.0.0.1]/',
    'https://[64:ff9b::a00:1]/',
  ],
  ...[
    'https://[2002:a00:1::]/',
    'https://[fe80::1%25eth0]/',
    'https://93.184.216.34/',
    'https://metadata.google.internal/',
  ],
  ...[
    'https://db.internal./',
    'https://intranet/',
    'https://user:secret@school.example/',
    'https://school.example:22/',
  ],
  ...[
    'ftp://school.example/',
    'gopher://school.example:6379/_x',
    'https://school.example\\@127.0.0.1/',
    ' https://school.example/',
  ],
];

describe('an address given to the hub', () => {
  it.each(doors)('as that of %s is refused, whatever trick it is', async (_, door) => {
    const program = await prepared();
    for (const url of tricks) {
      const { status, text } = await door(program, url);
      expect([url, status]).toEqual([url, 400]);
      expect(text).not.toContain('secret');
    }
    expect([200, 201, 204]).toContain((await door(program, `${crowd.receiver.url}/fine`)).status);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('of %i leads nowhere, wherever it points', async (status) => {
    const secret = crowd.path();
    const inside = crowd.receiver.url + secret;
    const headers = {
      location: inside,
      'content-location': inside,
      refresh: `0; url=${inside}`,
      link: `<${inside}>`,
    };
    const { program, one } = await newEndpoint(hubUrl, crowd, answers(status, headers));
    const { deliveryId } = expectStatus(await program.call('POST', `${one}/test`), 202).body;
    const delivery = await deliveryOnce(program, deliveryId, ({ attempts }) => attempts.length > 0);
    expect(delivery.attempts).toMatchObject([{ status, failure: 'status' }]);
    expect(crowd.at(secret)).toEqual([]);
  });
});
