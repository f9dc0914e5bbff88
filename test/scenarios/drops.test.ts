import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { signedIn } from '../support/browser.ts';
import {
  type Body,
  type Call,
  caller,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { callS3, type DropAccess, dropOf } from '../support/s3.ts';

let hub: Hub;
let system: Call;
let receiver: Receiver;

beforeAll(async () => {
  [hub, receiver] = await Promise.all([startHub(), startReceiver()]);
  system = caller(hub.url, localSystemKey);
});

afterAll(async () => {
  await Promise.all([hub.stop(), receiver.close()]);
});

const setClock = async (now: string | null) =>
  expectStatus(await system('POST', '/dev/clock', { body: { now } }), 200);
const sweep = async () => expectStatus(await system('POST', '/dev/sweep'), 200);

describe('drop keys on the program’s calendar', () => {
  const pairs = async (program: TestProgram) =>
    expectStatus(await program.call('GET', `/api/programs/${program.programId}/drop`), 200).body;
  const opens = async (drop: DropAccess) => (await callS3(drop, { path: `/${drop.bucket}` })).status;

  it('change on the 10th at local midnight, overlap until the 20th is over, and contacts hear of both', async () => {
    await setClock('2027-02-01T12:00:00.000Z');
    const contacts = { emails: ['data@school.example'], webhook: `${receiver.url}/contacts` };
    const [york, auckland] = [
      await newProgram(hub.url, { timeZone: 'America/New_York', contacts }),
      await newProgram(hub.url, { timeZone: 'Pacific/Auckland' }),
    ];
    const endpoint = { url: `${receiver.url}/endpoint`, events: ['drop.*'] };
    expectStatus(
      await york.call('POST', `/api/programs/${york.programId}/webhooks`, { body: endpoint }),
      201,
    );
    const old = await dropOf(hub.url, york.programId);
    expect((await pairs(york)).nextRotationAt).toBe('2027-04-10T04:00:00.000Z');
    expect((await pairs(auckland)).nextRotationAt).toBe('2027-04-09T12:00:00.000Z');

    await setClock('2027-04-10T03:50:00.000Z');
    await sweep();
    expect((await pairs(york)).keys).toHaveLength(1);
    expect((await pairs(auckland)).keys).toHaveLength(2);

    await setClock('2027-04-10T04:00:00.000Z');
    await sweep();
    await sweep();
    const rotated = await pairs(york);
    expect(rotated.keys).toHaveLength(2);
    expect(rotated.keys[0]).toMatchObject({
      endsAt: null,
      createdAt: expect.stringMatching(/^2027-04-10T04:0/),
      lastUsedAt: null,
    });
    expect(rotated.keys[1]).toMatchObject({
      accessKeyId: old.accessKeyId,
      endsAt: '2027-04-21T04:00:00.000Z',
      ageDays: 67,
    });
    expect(rotated.nextRotationAt).toBe('2027-07-10T04:00:00.000Z');
    const fresh = await dropOf(hub.url, york.programId);
    expect(fresh.accessKeyId).toBe(rotated.keys[0].accessKeyId);
    expect([await opens(old), await opens(fresh)]).toEqual([200, 200]);

    await setClock('2027-04-21T03:50:00.000Z');
    await sweep();
    expect([await opens(old), await opens(fresh)]).toEqual([200, 200]);
    await setClock('2027-04-21T04:00:00.000Z');
    expect([await opens(old), await opens(fresh)]).toEqual([403, 200]);
    await sweep();
    await sweep();
    expect((await pairs(york)).keys).toHaveLength(1);

    const received = await receiver.waitFor(4);
    const news = received
      .map(({ path, body }) => ({ path, ...JSON.parse(body) }))
      .map(({ path, type, data }) => [path, type, data.phase, data.accessKeyId].join(' '));
    expect(news.sort()).toEqual(
      ['/contacts', '/endpoint']
        .flatMap((path) => [
          `${path} drop.keys_rotated started ${fresh.accessKeyId}`,
          `${path} drop.keys_rotated ended ${old.accessKeyId}`,
        ])
        .sort(),
    );
    const mails = await until(
      async () => hub.mails().filter(({ to }) => to === 'data@school.example'),
      (sent) => sent.length >= 2,
    );
    expect(mails.map(({ subject }) => subject.replace(/^Crosswalk \S+: /, ''))).toEqual([
      'new drop keys',
      'old drop keys have ended',
    ]);
    expect(mails[0]?.text).toContain('21 April 2027');
    for (const { secretAccessKey } of [old, fresh])
      expect(hub.lines.join('\n')).not.toContain(secretAccessKey);
  });

  it('change once after a hub was down for months, and leave ten days all the same', async () => {
    await setClock('2027-05-01T00:00:00.000Z');
    const program = await newProgram(hub.url, { timeZone: 'Europe/Berlin' });
    await setClock('2028-03-01T09:30:00.000Z');
    await sweep();
    await sweep();
    const { keys, nextRotationAt } = await pairs(program);
    expect(keys.map(({ endsAt }: { endsAt: string | null }) => endsAt)).toEqual([
      null,
      expect.stringMatching(/^2028-03-11T09:3/),
    ]);
    expect(nextRotationAt).toBe('2028-04-09T22:00:00.000Z');
    await setClock(null);
  });
});

describe('notifications of the object store', () => {
  const notify = async (call: Call, key: string, action = 'PutObject') =>
    expectStatus(
      await call('POST', '/dev/notify', {
        body: {
          account: 'a',
          bucket: 'crosswalk-objects',
          action,
          object: { key, size: 1, eTag: 'e' },
          eventTime: new Date().toISOString(),
        },
      }),
      200,
    );
  const objects = async (prefix: string) => {
    const credentials = { accessKeyId: 'local-access-key', secretAccessKey: 'local-secret-key' };
    const endpoint = `${hub.url}/cdn-cgi/local/r2/s3`;
    const client = new S3Client({ region: 'auto', endpoint, credentials, forcePathStyle: true });
    const page = await client.send(new ListObjectsV2Command({ Bucket: 'crosswalk-objects', Prefix: prefix }));
    client.destroy();
    return (page.Contents ?? []).map(({ Key = '' }) => Key);
  };
  const jobsOf = async (program: TestProgram) =>
    (await program.call('GET', `/api/programs/${program.programId}/jobs`)).body.items;
  const startOnDrop = { filename: '*.csv' };

  it('complete an upload that its sender forgot, and start its job, once', async () => {
    const program = await newProgram(hub.url);
    const task = { ...peopleTask, startOnDrop };
    expectStatus(
      await program.call('PUT', `/api/programs/${program.programId}/tasks/people`, { body: task }),
      200,
    );
    const content = 'id,name\n1,Ada\n';
    const body = { folder: 'warehouse', filename: 'people.csv', size: content.length };
    const uploads = `/api/programs/${program.programId}/uploads`;
    const begun = expectStatus(await program.call('POST', uploads, { body }), 201).body;
    expect(
      (
        await fetch(begun.url, {
          method: 'PUT',
          headers: { ...begun.headers, connection: 'close' },
          body: content,
        })
      ).status,
    ).toBe(200);
    const [key = ''] = await objects(`files/${program.programId}/`);
    await notify(system, key);
    await notify(system, key);
    const [job] = await until(
      () => jobsOf(program),
      (jobs) => jobs.length > 0,
    );
    expect(await jobEnded(program.call, job.jobId)).toMatchObject({ status: 'succeeded' });
    await notify(system, key, 'DeleteObject');
    const completed = await program.call('POST', `${uploads}/${begun.uploadId}/complete`);
    expect(key).toContain(expectStatus(completed, 200).body.versionId);
    await sweep();
    expect(await jobsOf(program)).toHaveLength(1);
  });

  it('that failed every time are a problem of the program, from which the object is taken up again', async () => {
    const program = await newProgram(hub.url);
    const { programId } = program;
    const body = { folder: 'warehouse', filename: 'late.csv', size: 5 };
    const begun = expectStatus(
      await program.call('POST', `/api/programs/${programId}/uploads`, { body }),
      201,
    ).body;
    expect(
      (
        await fetch(begun.url, {
          method: 'PUT',
          headers: { ...begun.headers, connection: 'close' },
          body: 'id\n1\n',
        })
      ).status,
    ).toBe(200);
    const [key = ''] = await objects(`files/${programId}/`);
    const dead = async (of: string, action = 'PutObject') =>
      expectStatus(await system('POST', '/dev/dead', { body: { action, object: { key: of } } }), 200);
    await dead(key);
    await dead(key);
    await dead(key, 'DeleteObject');
    await dead('files/nobody/fil_1');
    const open = async () => (await program.call('GET', `/api/programs/${programId}/attention`)).body.items;
    const [problem, ...others] = await open();
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ kind: 'drop_not_taken', subject: key, count: 2, retryable: true });
    const drops = async () => (await program.call('GET', `/api/programs/${programId}/files`)).body.items;
    expect(await drops()).toEqual([]);
    const retry = `/api/programs/${programId}/attention/${problem.attentionId}/retry`;
    expect(expectStatus(await program.call('POST', retry, { body: {} }), 200).body).toMatchObject({
      started: 1,
      refused: 0,
    });
    expect(await drops()).toMatchObject([{ filename: 'late.csv' }]);
    expect(await open()).toEqual([]);
  });

  it('that failed every time and were of no file after all say what was found, and end unless somebody has to act', async () => {
    const program = await newProgram(hub.url);
    const { programId, call } = program;
    const api = `/api/programs/${programId}`;
    const upload = async (filename: string) => {
      const body = { folder: 'warehouse', filename, size: 5 };
      const { url, headers } = expectStatus(await call('POST', `${api}/uploads`, { body }), 201).body;
      const key = /files\/.+\/fil_\w{26}/.exec(new URL(url).pathname)?.[0] ?? '';
      return {
        key,
        put: () =>
          fetch(url, { method: 'PUT', headers: { ...headers, connection: 'close' }, body: 'id\n1\n' }),
      };
    };
    const [gone, unlike] = [await upload('gone.csv'), await upload('unlike.csv')];
    expect((await gone.put()).status).toBe(200);
    const credentials = { accessKeyId: 'local-access-key', secretAccessKey: 'local-secret-key' };
    const endpoint = `${hub.url}/cdn-cgi/local/r2/s3`;
    const store = new S3Client({ region: 'auto', endpoint, credentials, forcePathStyle: true });
    const bucket = { Bucket: 'crosswalk-objects' };
    await store.send(new DeleteObjectCommand({ ...bucket, Key: gone.key }));
    await store.send(new PutObjectCommand({ ...bucket, Key: unlike.key, Body: 'id\n1\n2\n' }));
    store.destroy();
    const known = await call('PUT', `${api}/files/warehouse/known.csv`, { body: 'id\n1\n' });
    const file = `files/${programId}/${expectStatus(known, 201).body.versionId}`;
    const nobodys = `files/${programId}/fil_00000000000000000000000000`;
    for (const key of [gone.key, unlike.key, file, nobodys]) {
      const body = { action: 'PutObject', object: { key } };
      expectStatus(await system('POST', '/dev/dead', { body }), 200);
    }
    const open = async () => (await call('GET', `${api}/attention`)).body.items;
    const [problem] = await open();
    const retry = `${api}/attention/${problem.attentionId}/retry`;
    const { found, ...done } = expectStatus(await call('POST', retry, { body: {} }), 200).body;
    expect(done).toMatchObject({ count: 4, started: 1, refused: 3 });
    expect(found).toEqual([
      `${gone.key} is in the object store no more; the problem has ended.`,
      `${unlike.key} is not what its upload announced; the problem stays.`,
      `${nobodys} belongs to no upload that is open, and is no file; the problem has ended.`,
    ]);
    const [left, ...others] = await open();
    expect(others).toEqual([]);
    expect(left).toMatchObject({ kind: 'drop_not_taken', subject: unlike.key });
    expect(left.message).toContain('not as long as its upload announced');
    expect(left.nextStep).toContain('begins a new upload');
    const audited = (await call('GET', `${api}/audit?action=drop.not_taken_up`)).body.items;
    expect(audited.map(({ target, detail }: Body) => [target, detail.found]).sort()).toEqual(
      [
        [gone.key, 'gone'],
        [unlike.key, 'unlike'],
        [nobodys, 'unknown'],
      ].sort(),
    );
    // A page says the same to whoever presses its button.
    const reader = await signedIn(hub.url, program.key);
    const { html } = await reader.post(`/p/${programId}/problems/${left.attentionId}/retry`);
    expect(html).toContain(`${unlike.key} is not what its upload announced; the problem stays.`);
    expectStatus(await call('POST', `${api}/attention/${left.attentionId}/resolve`), 204);
    // A notification of what is gone by then is done with, and says so in the log.
    await notify(system, gone.key);
    await until(
      async () => hub.lines.filter((line) => line.includes('drop.not_taken_up')),
      (lines) => lines.some((line) => line.includes(gone.key.slice(-30)) && line.includes('gone')),
    );
  });

  it('bring the qa/ drops of the same store to a QA deployment, which leaves production’s alone', async () => {
    const qa = await startHub({
      vars: {
        DROP_ENVIRONMENT: 'qa',
        OBJECT_STORE: 's3',
        S3_ENDPOINT: `${hub.url}/cdn-cgi/local/r2/s3`,
      },
    });
    try {
      const qaSystem = caller(qa.url, localSystemKey);
      const program = await newProgram(hub.url);
      const { programId } = program;
      expectStatus(await qaSystem('POST', '/api/programs', { body: { programId, name: programId } }), 201);
      const task = { ...peopleTask, startOnDrop };
      expectStatus(await qaSystem('PUT', `/api/programs/${programId}/tasks/people`, { body: task }), 200);
      expectStatus(await program.call('PUT', `/api/programs/${programId}/tasks/people`, { body: task }), 200);

      const drop = await dropOf(hub.url, programId);
      const put = (key: string) =>
        callS3(drop, { method: 'PUT', path: `/${drop.bucket}/${key}`, body: 'id,name\n1,Ada\n' });
      expect((await put('qa/warehouse/na%C3%AFve%20people.csv')).status).toBe(200);
      expect(await jobsOf(program)).toEqual([]);
      const [key = ''] = await objects(`qa/files/${programId}/`);
      await notify(qaSystem, key);
      await notify(qaSystem, key);
      const jobs = async () => (await qaSystem('GET', `/api/programs/${programId}/jobs`)).body.items;
      const [job] = await until(jobs, (all) => all.length > 0);
      expect(job.filename).toBe('naïve people.csv');
      expect(await jobEnded(qaSystem, job.jobId)).toMatchObject({ status: 'succeeded' });
      // A program that QA does not have, an object that is gone, and production's own are none of its business.
      await notify(qaSystem, key.replace(programId, 'nobody'));
      await notify(qaSystem, key.replace(/fil_.*/, 'fil_00000000000000000000000000'));
      expect((await put('production/warehouse/people.csv')).status).toBe(200);
      const [ours = ''] = await objects(`files/${programId}/`);
      await notify(qaSystem, ours);
      await notify(system, key);
      // The same night again is a new job, at QA as in production.
      expect((await put('qa/warehouse/na%C3%AFve%20people.csv')).status).toBe(200);
      const again = (await objects(`qa/files/${programId}/drop/`)).find((one) => one !== key) ?? '';
      await notify(qaSystem, again);
      const both = await until(jobs, (all) => all.length > 1);
      expect(both).toHaveLength(2);
      expect(
        await until(
          () => jobsOf(program),
          (all) => all.length > 0,
        ),
      ).toHaveLength(1);
      // All that QA writes lies under its own prefix; what production has is not under it.
      await jobEnded(qaSystem, both[0].jobId);
      expect(
        (await objects('')).filter((one) => one.includes(both[0].jobId) && !one.startsWith('qa/')),
      ).toEqual([]);
      expectStatus(await qaSystem('DELETE', `/api/programs/${programId}`), 204);
      await until(
        () => objects(`qa/files/${programId}/`),
        (left) => left.length === 0,
      );
      expect(await objects(`files/${programId}/`)).toHaveLength(1);
    } finally {
      await qa.stop();
    }
  });
});
