import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, callRelay, sha256 } from '../dev/client.ts';
import type { Relay } from '../dev/relay.ts';
import type { SftpServer } from '../dev/server.ts';

/** What a put needs to know of a server; the password only where there is one. */
export function envelopeFor(server: SftpServer, name: string, bytes: Uint8Array, over: object = {}) {
  return {
    host: server.host,
    port: server.port,
    username: server.username,
    ...(server.password === undefined ? { privateKey: server.privateKey } : { password: server.password }),
    hostKeys: server.hostKeys,
    directory: server.directory,
    name,
    mode: 'rename',
    size: bytes.length,
    sha256: sha256(bytes),
    ...over,
  };
}

export function put(
  relay: Relay,
  server: SftpServer,
  name: string,
  bytes: Uint8Array,
  over: object = {},
): Promise<Answer> {
  return callRelay({
    url: relay.url,
    token: relay.token,
    path: '/v1/put',
    envelope: envelopeFor(server, name, bytes, over),
    file: bytes,
  });
}

/** A folder of its own, and what removes it. */
export function makeFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'crosswalk-relay-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }) };
}

/** Asks again until the condition holds; fails after `seconds`. */
export async function until(holds: () => boolean, what: string, seconds = 120): Promise<void> {
  const deadline = Date.now() + seconds * 1_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
