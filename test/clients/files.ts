import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, writeFileSync } from 'node:fs';
import type { Hub } from '../../scripts/hub.ts';
import { caller, expectStatus, localSystemKey } from '../support/client.ts';

export async function hashOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

export const hashOfFile = (path: string) => hashOf(createReadStream(path));

/** A file of random bytes; made once. */
export function randomFile(path: string, bytes: number): string {
  if (!existsSync(path)) writeFileSync(path, randomBytes(bytes));
  return path;
}

/** The hash of a dropped file as the hub itself gives it back. */
export async function hashInHub(hub: Hub, programId: string, name: string): Promise<string> {
  const url = `${hub.url}/api/programs/${programId}/files/${name}`;
  const answer = await fetch(url, { headers: { 'x-api-key': localSystemKey } });
  if (!answer.ok || answer.body === null) throw new Error(`${answer.status}: ${await answer.text()}`);
  return hashOf(answer.body);
}

export async function deleteInHub(hub: Hub, programId: string, name: string): Promise<void> {
  const system = caller(hub.url, localSystemKey);
  expectStatus(await system('DELETE', `/api/programs/${programId}/files/${name}`), 204);
}
