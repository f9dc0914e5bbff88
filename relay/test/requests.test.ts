import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallOptions, callRelay, newAttemptId } from '../dev/client.ts';
import { type Relay, startRelay } from '../dev/relay.ts';
import { type ScriptedServer, startScriptedServer } from '../dev/scripted.ts';
import { envelopeFor, makeFolder, put, until } from './support.ts';

let relay: Relay;
let server: ScriptedServer;
const { folder, remove } = makeFolder();
const file = Buffer.from('id,name\r\n');
const sources = join(import.meta.dirname, '../src');

beforeAll(async () => {
  [relay, server] = await Promise.all([
    startRelay({ env: { RELAY_EGRESS: '198.51.100.7, 2001:db8::7', RELAY_MAX_TRANSFERS: '2' } }),
    startScriptedServer({ folder, port: 0 }),
  ]);
});
afterAll(async () => {
  await Promise.all([relay?.stop(), server?.stop()]);
  remove();
});

const call = (over: Partial<CallOptions> = {}) =>
  callRelay({
    url: relay.url,
    token: relay.token,
    path: '/v1/put',
    envelope: envelopeFor(server, 'a.csv', file),
    file,
    ...over,
  });
const over = (members: object) => ({ envelope: { ...envelopeFor(server, 'a.csv', file), ...members } });
const logins = () => server.log.filter((line) => line.startsWith('auth')).length;

describe('a request that is not admitted', () => {
  const refused: [title: string, over: () => Partial<CallOptions>, status: number, code: string][] = [
    ['is signed with another token', () => ({ token: 'x'.repeat(40) }), 401, 'bad_signature'],
    ['is five minutes and a second old', () => ({ timeMs: Date.now() - 301_000 }), 401, 'bad_time'],
    ['is from five minutes and a while ahead', () => ({ timeMs: Date.now() + 360_000 }), 401, 'bad_time'],
    ['has no signature', () => ({ headers: { 'x-crosswalk-signature': '' } }), 400, 'bad_request'],
    ['has no attempt id', () => ({ headers: { 'x-crosswalk-attempt': '' } }), 400, 'bad_request'],
    ['says a longer envelope', () => ({ headers: { 'x-crosswalk-envelope': '65537' } }), 400, 'bad_request'],
    ['says a shorter envelope', () => ({ headers: { 'x-crosswalk-envelope': '9' } }), 400, 'bad_request'],
    [
      'ends within the envelope',
      () => ({ file: Buffer.alloc(0), headers: { 'x-crosswalk-envelope': '65000' } }),
      400,
      'bad_request',
    ],
    ['calls what is not there', () => ({ path: '/v1/delete' }), 404, 'not_found'],
    ['calls a name that every object has', () => ({ path: '/constructor' }), 404, 'not_found'],
    ['uses another method', () => ({ method: 'PUT' }), 405, 'not_found'],
    ['is an array', () => ({ envelope: [] }), 400, 'bad_request'],
    ['has an unknown member', () => over({ command: 'rm' }), 400, 'bad_request'],
    ['has no credential', () => over({ password: undefined }), 400, 'bad_request'],
    ['pins no key', () => over({ hostKeys: [] }), 400, 'bad_request'],
    [
      'pins a key of an unknown type',
      () => over({ hostKeys: [{ type: 'ssh-dss', fingerprint: `SHA256:${'A'.repeat(43)}` }] }),
      400,
      'bad_request',
    ],
    [
      'pins a fingerprint in hex',
      () => over({ hostKeys: [{ type: 'ssh-rsa', fingerprint: '00:11' }] }),
      400,
      'bad_request',
    ],
    ['names a file in another folder', () => over({ name: '../a.csv' }), 400, 'bad_request'],
    ['names a file with a backslash', () => over({ name: '..\\a.csv' }), 400, 'bad_request'],
    ['names a file with a line end', () => over({ name: 'a\n.csv' }), 400, 'bad_request'],
    ['has a folder with a NUL', () => over({ directory: '/a\0b' }), 400, 'bad_request'],
    ['has a host that is none', () => over({ host: 'a b' }), 400, 'bad_request'],
    ['has a port that is none', () => over({ port: 65_536 }), 400, 'bad_request'],
    ['has a size that is none', () => over({ size: -1 }), 400, 'bad_request'],
    ['has a mode that is none', () => over({ mode: 'append' }), 400, 'bad_request'],
  ];
  for (const [title, make, status, code] of refused) {
    it(`${title}: ${status} ${code}, and nothing is attempted`, async () => {
      const before = logins();
      const answer = await call(make());
      expect(answer).toMatchObject({ status, body: { code } });
      expect(answer.body.message.length).toBeGreaterThan(10);
      expect(answer.text).not.toContain(server.password);
      expect(logins()).toBe(before);
    });
  }

  it('is a replay: 409, though it is signed', async () => {
    const attemptId = newAttemptId();
    const timeMs = Date.now();
    expect((await call({ attemptId, timeMs })).body.ok).toBe(true);
    expect(await call({ attemptId, timeMs })).toMatchObject({ status: 409, body: { code: 'replayed' } });
    expect(await call({ attemptId })).toMatchObject({ status: 409, body: { code: 'replayed' } });
  });

  it('hears why though it sends everything before it listens', async () => {
    const { hostname, port } = new URL(relay.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const size = 30_000_000;
    socket.write(`POST /v1/put HTTP/1.1\r\nhost: relay\r\ncontent-length: ${size}\r\n\r\n`);
    socket.pause();
    await new Promise<void>((resolve, reject) =>
      socket.write(Buffer.alloc(size), (error) => (error ? reject(error) : resolve())),
    );
    socket.end();
    expect(await readText(socket)).toContain('HTTP/1.1 400');
  });
});

describe('the source of a put', () => {
  it('may not be shorter than it says', async () => {
    const { body } = await call(over({ size: file.length + 1 }));
    expect(body).toMatchObject({ ok: false, phase: 'source', code: 'source_ended', retry: true });
  });

  it('may not be longer than it says', async () => {
    const { body } = await call(over({ size: file.length - 1 }));
    expect(body).toMatchObject({ ok: false, phase: 'source', code: 'source_too_long', retry: true });
  });

  it('may not be other than it says', async () => {
    const { body } = await call(over({ sha256: '0'.repeat(64) }));
    expect(body).toMatchObject({ ok: false, phase: 'source', code: 'source_hash', retry: true });
  });
});

describe('the relay', () => {
  it('says that it is alive, to anyone', async () => {
    const response = await fetch(`${relay.url}/healthz`);
    expect(response.status).toBe(200);
    const version = expect.stringMatching(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
    expect(await response.json()).toEqual({ status: 'ok', version, transfers: 0, limit: 2 });
  });

  it('says with every answer which version of it answers, and another where its sources are others', async () => {
    const { version } = await (await fetch(`${relay.url}/healthz`)).json();
    const { version: packaged } = JSON.parse(readFileSync(join(sources, '../package.json'), 'utf8'));
    const hash = createHash('sha256');
    for (const name of readdirSync(sources).sort())
      hash.update(`${name}\n`).update(readFileSync(join(sources, name)));
    expect(version).toBe(`${packaged}+${hash.digest('hex').slice(0, 12)}`);
    for (const path of ['/healthz', '/v1/egress', '/nothing'])
      expect((await fetch(`${relay.url}${path}`)).headers.get('x-crosswalk-relay'), path).toBe(version);
    expect((await call()).headers['x-crosswalk-relay']).toBe(version);
  });

  it('tells its addresses to whom it knows', async () => {
    const options = { url: relay.url, token: relay.token, method: 'GET', path: '/v1/egress' };
    expect(await callRelay(options)).toMatchObject({
      status: 200,
      body: { fixed: true, addresses: ['198.51.100.7', '2001:db8::7'] },
    });
    expect((await callRelay({ ...options, token: 'x'.repeat(40) })).status).toBe(401);
  });

  it('says that it has no fixed addresses where none are set', async () => {
    const other = await startRelay();
    try {
      const answer = await callRelay({
        url: other.url,
        token: other.token,
        method: 'GET',
        path: '/v1/egress',
      });
      expect(answer.body).toEqual({ fixed: false, addresses: [] });
    } finally {
      await other.stop();
    }
  });

  it('runs as many transfers as it may, and sends the next away', async () => {
    await server.setFault({ kind: 'hang' });
    const running = [put(relay, server, 'b.csv', file), put(relay, server, 'c.csv', file)];
    await until(() => server.connections() === 2, 'both transfers');
    const answer = await call();
    expect(answer).toMatchObject({ status: 429, body: { code: 'busy' } });
    await server.setFault(null);
    await server.kill();
    for (const ended of await Promise.all(running))
      expect(ended.body).toMatchObject({ ok: false, phase: 'handshake', code: 'handshake_failed' });
    await server.restart();
    expect((await call()).body.ok).toBe(true);
  });

  it('does not start without a token, and says why', async () => {
    await expect(startRelay({ env: { RELAY_TOKEN: 'short' } })).rejects.toThrow(/RELAY_TOKEN/);
    await expect(startRelay({ env: { RELAY_ALLOW_NETWORKS: '10.0.0.0/33' } })).rejects.toThrow(
      /RELAY_ALLOW_NETWORKS/,
    );
  });
});
