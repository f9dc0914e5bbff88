import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callRelay, sha256 } from '../dev/client.ts';
import { type Relay, startRelay } from '../dev/relay.ts';
import { type SftpServer, startSftpServer } from '../dev/server.ts';
import { put, until } from './support.ts';

let relay: Relay;
let server: SftpServer;

beforeAll(async () => {
  [relay, server] = await Promise.all([startRelay(), startSftpServer()]);
  process.stdout.write(
    server.software === 'ssh2'
      ? 'This machine has no sshd: the server of the ssh2 package stands in for it.\n'
      : `The relay is tested against ${server.software}.\n`,
  );
});
afterAll(async () => {
  await Promise.all([relay?.stop(), server?.stop()]);
});

const stored = (name: string) => readFileSync(join(server.folder, name));

describe('a put to a real SFTP server', () => {
  it('arrives whole under its name, with evidence', async () => {
    const bytes = randomBytes(3_000_001);
    const { status, body } = await put(relay, server, 'courses.json', bytes);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ok: true,
      remotePath: join(server.directory, 'courses.json'),
      bytes: bytes.length,
      sha256: sha256(bytes),
      mode: 'rename',
      renamed: 'posix-rename',
      synced: true,
      confirmed: 'stat',
      host: { address: '127.0.0.1', port: server.port, keyType: 'ssh-ed25519' },
      negotiated: { kex: 'curve25519-sha256', cipher: 'aes128-gcm@openssh.com' },
    });
    expect(server.hostKeys).toContainEqual({
      type: body.host.keyType,
      fingerprint: body.host.fingerprint,
    });
    expect(stored('courses.json').equals(bytes)).toBe(true);
    expect(readdirSync(server.folder)).toEqual(['courses.json']);
  });

  it('carries files of every size around the edges of a write', async () => {
    for (const size of [0, 1, 32_700, 32_768, 65_536, 262_145]) {
      const bytes = randomBytes(size);
      const { body } = await put(relay, server, `size-${size}.csv`, bytes);
      expect(body).toMatchObject({ ok: true, bytes: size });
      expect(stored(`size-${size}.csv`).equals(bytes)).toBe(true);
    }
  });

  it('replaces what an earlier put left, and removes the part files of its name alone', async () => {
    const old = `.twice.csv.${'0'.repeat(12)}.part`;
    const others = ['.twice.csv.part', '.other.csv.000000000000.part'];
    for (const name of [old, ...others]) writeFileSync(join(server.folder, name), 'half');
    await put(relay, server, 'twice.csv', Buffer.from('first'));
    const { body } = await put(relay, server, 'twice.csv', Buffer.from('second'));
    expect(body.ok).toBe(true);
    expect(stored('twice.csv').toString()).toBe('second');
    await until(() => !readdirSync(server.folder).includes(old), 'the removal');
    expect(readdirSync(server.folder)).toEqual(expect.arrayContaining(others));
  });

  it('writes straight to the name where the destination says "direct"', async () => {
    const { body } = await put(relay, server, 'direct.csv', Buffer.from('a,b\r\n'), { mode: 'direct' });
    expect(body).toMatchObject({ ok: true, mode: 'direct', renamed: 'none' });
    expect(stored('direct.csv').toString()).toBe('a,b\r\n');
  });

  it('takes names with spaces and letters of any script', async () => {
    const name = 'Übung 1 – 学.csv';
    const { body } = await put(relay, server, name, Buffer.from('x'));
    expect(body.ok).toBe(true);
    expect(stored(name).toString()).toBe('x');
  });

  it('says so when the folder does not exist', async () => {
    const { body } = await put(relay, server, 'a.csv', Buffer.from('x'), {
      directory: join(server.directory, 'missing'),
    });
    expect(body).toMatchObject({ ok: false, phase: 'open', code: 'no_directory', retry: false, status: 2 });
  });

  it('goes to no host whose key is not pinned, and shows both fingerprints', async () => {
    const pinned = { type: 'ssh-ed25519', fingerprint: `SHA256:${'A'.repeat(43)}` };
    const { body } = await put(relay, server, 'a.csv', Buffer.from('x'), { hostKeys: [pinned] });
    expect(body).toMatchObject({
      ok: false,
      phase: 'hostkey',
      code: 'host_key_changed',
      retry: false,
      offered: server.hostKeys[0],
      pinned: [pinned],
    });
    expect(body.message).toContain(pinned.fingerprint);
    expect(body.message).toContain(server.hostKeys[0]?.fingerprint);
  });

  it('negotiates towards whichever type is pinned', async () => {
    for (const key of server.hostKeys) {
      const { body } = await put(relay, server, 'a.csv', Buffer.from('x'), { hostKeys: [key] });
      const host = { keyType: key.type, fingerprint: key.fingerprint };
      expect(body, JSON.stringify(body)).toMatchObject({ ok: true, host });
    }
  });
});

describe('a probe', () => {
  it('finds every key of the host, without a login', async () => {
    const { status, body } = await callRelay({
      ...relay,
      path: '/v1/probe',
      envelope: { host: server.host, port: server.port },
    });
    expect(status).toBe(200);
    expect(body.ok).toBe(true);
    expect(
      body.keys.map(({ type, fingerprint }: { type: string; fingerprint: string }) => ({
        type,
        fingerprint,
      })),
    ).toEqual(server.hostKeys);
    expect(body.host.software).toContain(server.software.split('_')[0]);
  });
});
