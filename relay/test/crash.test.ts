import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callRelay } from '../dev/client.ts';
import { type Relay, startRelay } from '../dev/relay.ts';
import { type SftpServer, startSftpServer } from '../dev/server.ts';
import { envelopeFor, put, until } from './support.ts';

// Whoever dies in the middle of a transfer: no final name holds part of a file, and the next put brings it.

let relay: Relay;
let server: SftpServer;
const bytes = randomBytes(2_000_003);
const half = 1_000_000;

beforeAll(async () => {
  [relay, server] = await Promise.all([startRelay(), startSftpServer()]);
});
afterAll(async () => {
  await Promise.all([relay?.stop(), server?.stop()]);
});

const partsOf = (name: string) => readdirSync(server.folder).filter((one) => one.startsWith(`.${name}.`));

/** A put that has sent half of its file, of which the server has stored some, and then waits. */
async function halfway(name: string): Promise<{ source: PassThrough; ended: Promise<unknown> }> {
  const source = new PassThrough();
  const ended = callRelay({
    url: relay.url,
    token: relay.token,
    path: '/v1/put',
    envelope: envelopeFor(server, name, bytes),
    file: source,
  }).then(
    ({ body }) => body,
    (error: unknown) => error,
  );
  source.write(bytes.subarray(0, half));
  await until(() => {
    const [part] = partsOf(name);
    return part !== undefined && statSync(join(server.folder, part)).size > half / 2;
  }, 'half of the file');
  expect(existsSync(join(server.folder, name))).toBe(false);
  return { source, ended };
}

async function arrivesNow(name: string): Promise<void> {
  expect(existsSync(join(server.folder, name))).toBe(false);
  const { body } = await put(relay, server, name, bytes);
  expect(body).toMatchObject({ ok: true, bytes: bytes.length });
  expect(readFileSync(join(server.folder, name)).equals(bytes)).toBe(true);
  await until(() => partsOf(name).length === 0, 'no part file');
}

describe('a transfer in whose middle', () => {
  it('the relay is killed', async () => {
    const { ended } = await halfway('relay.csv');
    await relay.kill();
    expect(await ended).toBeInstanceOf(Error);
    await relay.restart();
    await arrivesNow('relay.csv');
  });

  it('the hub is killed: what was begun is removed at once', async () => {
    const { source } = await halfway('hub.csv');
    source.destroy(new Error('killed'));
    await until(() => relay.lines.some((line) => line.includes('"source_ended"')), 'the log line');
    expect(partsOf('hub.csv')).toEqual([]);
    await arrivesNow('hub.csv');
  });

  it('the server is killed', async () => {
    const { source, ended } = await halfway('server.csv');
    await server.kill();
    source.end(bytes.subarray(half));
    expect(await ended).toMatchObject({ ok: false, code: 'connection_lost', retry: true, uncertain: false });
    expect((await put(relay, server, 'server.csv', bytes)).body).toMatchObject({
      ok: false,
      phase: 'connect',
      code: 'refused',
    });
    await server.restart();
    await arrivesNow('server.csv');
  });

  it('the relay is told to stop: it finishes, and takes nothing new', async () => {
    const { source, ended } = await halfway('stop.csv');
    const stopped = relay.stop();
    await until(() => relay.lines.some((line) => line.includes('"stopping"')), 'the log line');
    source.end(bytes.subarray(half));
    expect(await ended).toMatchObject({ ok: true, bytes: bytes.length });
    await stopped;
    expect(relay.lines.at(-1)).toContain('"stopped"');
    expect(readFileSync(join(server.folder, 'stop.csv')).equals(bytes)).toBe(true);
    await relay.restart();
    await put(relay, server, 'stop.csv', bytes);
  });

  it('another puts the same file: both end, and it is whole', async () => {
    const { source, ended } = await halfway('twice.csv');
    const { body } = await put(relay, server, 'twice.csv', bytes);
    expect(body.ok).toBe(true);
    // The second has removed the part file of the first, or the first still finds it: it is whole either way.
    source.end(bytes.subarray(half));
    const first = (await ended) as { ok: boolean; phase?: string };
    if (!first.ok)
      expect(first).toMatchObject({ phase: expect.stringMatching(/verify|rename/), retry: true });
    expect(readFileSync(join(server.folder, 'twice.csv')).equals(bytes)).toBe(true);
  });
});
