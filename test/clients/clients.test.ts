import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { type Call, caller, expectStatus, jobEnded, localSystemKey, until } from '../support/client.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { dropOf } from '../support/s3.ts';
import { clients, inOnePiece, type Reached } from './clients.ts';
import { deleteInHub, hashInHub, hashOfFile, randomFile } from './files.ts';
import { startTls, type Tls } from './tls.ts';

const programId = 'clients';
const folder = mkdtempSync(join(tmpdir(), 'crosswalk-clients-'));
let hub: Hub;
let access: Reached;
let tls: Tls;
let system: Call;
let receiver: Receiver;

beforeAll(async () => {
  [hub, receiver] = await Promise.all([startHub(), startReceiver()]);
  system = caller(hub.url, localSystemKey);
  expectStatus(await system('POST', '/api/programs', { body: { programId, name: programId } }), 201);
  tls = await startTls(hub.url, folder);
  access = { ...(await dropOf(hub.url, programId)), tls };
});

afterAll(async () => {
  await Promise.all([tls.close(), hub.stop(), receiver.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const fileOf = (name: string, bytes: number) => randomFile(join(folder, name), bytes);

/** The largest goes in parts by default, but for curl, which has none. */
const sizes = { nothing: 0, little: 1_000, parts: 9 * 1_024 * 1_024 };

describe.each(clients)('$name', ({ name, version, atLeast, up, down }) => {
  it('is there, and new enough to send what today’s clients send', async () => {
    const text = await version();
    process.stdout.write(`${name}: ${text}\n`);
    const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? [];
    const found = Number(major) * 10_000 + Number(minor);
    expect(found, text).toBeGreaterThanOrEqual(atLeast[0] * 10_000 + atLeast[1]);
  });

  for (const style of ['path', 'host'] as const) {
    it.each(Object.entries(sizes))(
      `copies there and back with the bucket in the ${style}: %s`,
      async (size, bytes) => {
        // A name that has to be escaped, but for curl, which leaves that to its caller.
        const who = name.replace(/\W+/g, '-');
        const key = `production/clients/${name.startsWith('curl') ? 'plain' : 'a b+c é'}-${who}-${style}-${size}.bin`;
        const [there, back] = [fileOf(`${size}.bin`, bytes), join(folder, 'back.bin')];
        rmSync(back, { force: true });
        await up(access, style, there, key);
        await down(access, style, key, back);
        expect(await hashOfFile(back)).toBe(await hashOfFile(there));
      },
    );
  }
});

it.each(Object.keys(inOnePiece))('%s sends a larger file in one piece', async (name) => {
  const key = 'production/clients/one-piece.bin';
  const path = fileOf('piece.bin', 12_000_000);
  await inOnePiece[name]?.(access, path, key);
  expect(await hashInHub(hub, programId, 'clients/one-piece.bin')).toBe(await hashOfFile(path));
  await deleteInHub(hub, programId, 'clients/one-piece.bin');
});

describe('a student file of 32,593 rows', () => {
  const rows = 32_593;
  const columns = ['code_module', 'code_presentation', 'id_student', 'gender', 'region', 'final_result'];
  const schema = {
    fields: columns.map((name) => ({ name, type: name === 'id_student' ? 'integer' : 'string' })),
    primaryKey: ['code_module', 'code_presentation', 'id_student'],
  };

  /** The reference data where it lies beside the repository, else a file of its shape; written anew each night. */
  function studentFile(): string {
    const real = '../shared/data/oulad/studentInfo.csv';
    const path = join(folder, 'studentInfo.csv');
    const lines = Array.from({ length: rows }, (_, i) => `AAA,2013J,${10_000 + i},F,Scotland,Pass`);
    writeFileSync(
      path,
      existsSync(real) ? readFileSync(real) : `${columns.join(',')}\n${lines.join('\n')}\n`,
    );
    return path;
  }

  const drop = async (name: string, from: Reached, key: string) => {
    const client = clients.find((one) => one.name === name);
    await client?.up(from, 'path', studentFile(), key);
  };
  const told = async (count: number) =>
    (await receiver.waitFor(count, 120))
      .map(({ body }) => JSON.parse(body))
      .filter(({ type }) => type.startsWith('job.'));

  it('is a job that starts by itself and says how it ended: by the AWS CLI, and by rclone with both pairs of an overlap', async () => {
    const task = {
      ...{ folder: 'students', dataset: 'students', mode: 'full', schema, unknownColumns: 'keep' },
      startOnDrop: { filename: 'studentInfo.csv', webhook: `${receiver.url}/done` },
    };
    expectStatus(await system('PUT', `/api/programs/${programId}/tasks/students`, { body: task }), 200);
    await drop('aws cli', access, 'production/students/studentInfo.csv');
    const [first] = await told(1);
    expect(first).toMatchObject({
      type: 'job.succeeded',
      data: { rows: { read: rows, inserted: rows, rejected: 0 } },
    });

    // The day after a rotation: both pairs are live.
    expectStatus(await system('POST', '/dev/clock', { body: { now: '2027-04-11T08:00:00.000Z' } }), 200);
    expectStatus(await system('POST', '/dev/sweep'), 200);
    const fresh = await until(
      () => dropOf(hub.url, programId),
      ({ accessKeyId }) => accessKeyId !== access.accessKeyId,
    );
    for (const [i, pair] of [access, fresh].entries()) {
      await drop('rclone', { ...pair, tls }, 'production/students/studentInfo.csv');
      const all = await told(i + 2);
      expect(all[i + 1]).toMatchObject({
        type: 'job.succeeded',
        data: { rows: { read: rows, unchanged: rows } },
      });
    }
    const jobs = (await system('GET', `/api/programs/${programId}/jobs`)).body.items;
    expect(jobs).toHaveLength(3);
    for (const { jobId } of jobs) await jobEnded(system, jobId);
  });
});
