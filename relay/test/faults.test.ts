import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../dev/faults.ts';
import { type Relay, startRelay } from '../dev/relay.ts';
import { type ScriptedServer, startScriptedServer } from '../dev/scripted.ts';
import { makeFolder, put, until } from './support.ts';

// Each fault of a customer's server is detected or worked around; no final name ever holds part of a file;
// and when the fault goes away the same put succeeds.

let relay: Relay;
/** These have short limits, for servers that never answer. */
let hasty: Relay;
let brief: Relay;
let server: ScriptedServer;
const { folder, remove } = makeFolder();
const bytes = randomBytes(400_003);
const half = 200_000;

beforeAll(async () => {
  [relay, hasty, brief, server] = await Promise.all([
    startRelay(),
    startRelay({ env: { RELAY_CONNECT_SECONDS: '2' } }),
    startRelay({ env: { RELAY_TOTAL_SECONDS: '6' } }),
    startScriptedServer({ folder, port: 0 }),
  ]);
});
afterEach(() => server.setFault(null));
afterAll(async () => {
  await Promise.all([relay?.stop(), hasty?.stop(), brief?.stop(), server?.stop()]);
  remove();
});

const pathOf = (name: string) => join(folder, name);
const partsOf = (name: string) => readdirSync(folder).filter((one) => one.startsWith(`.${name}.`));

interface Case {
  title: string;
  fault: Fault;
  expected: Record<string, unknown>;
  limits?: 'hasty' | 'brief';
  /** The connection is gone, so what was begun stays until the next put. */
  leavesPart?: boolean;
}

const cases: Case[] = [
  {
    title: 'refuses connections',
    fault: { kind: 'refuse' },
    expected: { phase: 'connect', code: 'refused', retry: true },
  },
  {
    title: 'hangs in the handshake',
    fault: { kind: 'hang' },
    expected: { phase: 'handshake', code: 'handshake_timeout', retry: true, timeout: true },
    limits: 'hasty',
  },
  {
    title: 'does not take the password',
    fault: { kind: 'wrong-password' },
    expected: { phase: 'auth', code: 'login_refused', retry: false },
  },
  {
    title: 'shows another host key',
    fault: { kind: 'other-host-key' },
    expected: { phase: 'hostkey', code: 'host_key_changed', retry: false },
  },
  {
    title: 'runs out of disk',
    fault: { kind: 'disk-full', afterBytes: half },
    expected: { phase: 'write', code: 'write_failed', retry: true, status: 4 },
  },
  {
    title: 'acknowledges writes that it does not do',
    fault: { kind: 'lost-writes', afterBytes: half },
    expected: { phase: 'verify', code: 'size_differs', retry: true },
  },
  {
    title: 'fails to close the file',
    fault: { kind: 'close-error' },
    expected: { phase: 'close', code: 'close_failed', retry: true, status: 4 },
  },
  {
    title: 'drops the connection in the middle of the file',
    fault: { kind: 'drop', afterBytes: half },
    expected: { phase: 'write', code: 'connection_lost', retry: true },
    leavesPart: true,
  },
  {
    title: 'refuses renames',
    fault: { kind: 'no-rename' },
    expected: { phase: 'rename', code: 'rename_refused', retry: false, status: 3 },
  },
  {
    title: 'does not let files be created in the folder',
    fault: { kind: 'no-open', status: 3 },
    expected: { phase: 'open', code: 'permission_denied', retry: false, status: 3 },
  },
  {
    title: 'has no such folder',
    fault: { kind: 'no-open', status: 2 },
    expected: { phase: 'open', code: 'no_directory', retry: false, status: 2 },
  },
  {
    title: 'is slower than the time allows',
    fault: { kind: 'slow', bytesPerSecond: 1_000 },
    expected: { phase: 'write', code: 'transfer_timeout', retry: true, timeout: true },
    limits: 'brief',
    // It answers the clean-up, too, only after what it still has to write.
    leavesPart: true,
  },
];

describe('a put to a server that', () => {
  for (const [index, { title, fault, expected, leavesPart, limits }] of cases.entries()) {
    it(`${title} fails, leaves the final name alone, and arrives once that is over`, async () => {
      const name = `fault-${index}.csv`;
      writeFileSync(pathOf(name), 'yesterday');
      await server.setFault(fault);
      const { status, body } = await put(
        limits === 'hasty' ? hasty : limits === 'brief' ? brief : relay,
        server,
        name,
        bytes,
      );
      expect(status).toBe(200);
      expect(body).toMatchObject({ ok: false, uncertain: false, ...expected });
      expect(body.message).not.toContain(server.password);
      expect(readFileSync(pathOf(name), 'utf8')).toBe('yesterday');
      if (!leavesPart) expect(partsOf(name)).toEqual([]);

      await server.setFault(null);
      const second = await put(relay, server, name, bytes);
      expect(second.body).toMatchObject({ ok: true, bytes: bytes.length });
      expect(readFileSync(pathOf(name)).equals(bytes)).toBe(true);
      // Only a server that is still busy with what it was sent before may hold on to its part file.
      if (fault.kind !== 'slow') await until(() => partsOf(name).length === 0, 'no part file');
    });
  }
});

describe('a put is worked around a server that', () => {
  const delivers = async (name: string, over: object = {}) => {
    const { body } = await put(relay, server, name, bytes, over);
    expect(body).toMatchObject({ ok: true, bytes: bytes.length });
    expect(readFileSync(pathOf(name)).equals(bytes)).toBe(true);
    return body;
  };

  it('has no posix-rename: it renames, and removes what is in the way', async () => {
    await server.setFault({ kind: 'no-posix-rename' });
    expect(await delivers('plain.csv')).toMatchObject({ renamed: 'rename', synced: false });
    expect(await delivers('plain.csv')).toMatchObject({ renamed: 'remove-rename' });
  });

  it('refuses renames, where the destination says "direct"', async () => {
    await server.setFault({ kind: 'no-rename' });
    expect(await delivers('direct.csv', { mode: 'direct' })).toMatchObject({ renamed: 'none' });
  });

  it('fails writes of more than 100 KiB', async () => {
    await server.setFault({ kind: 'write-limit', bytes: 102_400 });
    await delivers('limit.csv');
  });

  it('fails every write of more than 32 KiB', async () => {
    await server.setFault({ kind: 'write-limit', bytes: 32_768 });
    await delivers('small-limit.csv');
  });

  it('fails writes that overlap: eight at a time', async () => {
    await server.setFault({ kind: 'few-at-once', requests: 8 });
    await delivers('eight.csv');
  });

  it('fails writes that overlap: one at a time', async () => {
    await server.setFault({ kind: 'few-at-once', requests: 1 });
    await delivers('one.csv');
  });

  it('takes the file away as soon as it is closed', async () => {
    await server.setFault({ kind: 'drop-box' });
    const { body } = await put(relay, server, 'taken.csv', bytes, { mode: 'direct' });
    expect(body).toMatchObject({ ok: true, confirmed: 'fstat' });
    expect(existsSync(pathOf('taken.csv'))).toBe(false);
    expect(readFileSync(pathOf('taken.csv.taken')).equals(bytes)).toBe(true);
  });
});

describe('a put whose outcome nobody can know', () => {
  it('says that it is uncertain when the answer to the rename is lost, and can be repeated', async () => {
    await server.setFault({ kind: 'drop-after-rename' });
    const { body } = await put(relay, server, 'uncertain.csv', bytes);
    expect(body).toMatchObject({
      ok: false,
      phase: 'rename',
      code: 'connection_lost',
      retry: true,
      uncertain: true,
    });
    expect(readFileSync(pathOf('uncertain.csv')).equals(bytes)).toBe(true);
    await server.setFault(null);
    expect((await put(relay, server, 'uncertain.csv', bytes)).body.ok).toBe(true);
    expect(readFileSync(pathOf('uncertain.csv')).equals(bytes)).toBe(true);
  });
});

describe('a put in the mode "direct" that fails', () => {
  it('removes the final name where the server still answers', async () => {
    await server.setFault({ kind: 'disk-full', afterBytes: half });
    const { body } = await put(relay, server, 'half.csv', bytes, { mode: 'direct' });
    expect(body).toMatchObject({ ok: false, phase: 'write' });
    expect(existsSync(pathOf('half.csv'))).toBe(false);
  });
});

describe('a server that repeats what it was told', () => {
  it('cannot make the relay tell the password', async () => {
    await server.setFault({
      kind: 'talkative',
      text: `denied for "${server.password}"\r\n\u001b[31m${'long '.repeat(100)}`,
    });
    const { body, text } = await put(relay, server, 'secret.csv', bytes);
    expect(body).toMatchObject({ ok: false, phase: 'write', code: 'permission_denied' });
    expect(body.message).toContain('denied for "***"');
    expect(body.message).not.toContain('\u001b');
    expect(body.message.length).toBeLessThan(400);
    expect(text).not.toContain(server.password);
    await until(() => relay.lines.some((line) => line.includes('permission_denied')), 'the log line');
    expect(relay.lines.join('\n')).not.toContain(server.password);
  });
});
