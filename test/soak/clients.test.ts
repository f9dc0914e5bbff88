import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { clients, inOnePiece, type Reached } from '../clients/clients.ts';
import { deleteInHub, hashInHub, hashOfFile, randomFile } from '../clients/files.ts';
import { startTls, type Tls } from '../clients/tls.ts';
import { caller, expectStatus, localSystemKey } from '../support/client.ts';
import { dropOf } from '../support/s3.ts';

const programId = 'clients';
const folder = mkdtempSync(join(tmpdir(), 'crosswalk-clients-'));
let hub: Hub;
let tls: Tls;
let access: Reached;

beforeAll(async () => {
  hub = await startHub();
  const system = caller(hub.url, localSystemKey);
  expectStatus(await system('POST', '/api/programs', { body: { programId, name: programId } }), 201);
  tls = await startTls(hub.url, folder);
  access = { ...(await dropOf(hub.url, programId)), tls };
});

afterAll(async () => {
  await Promise.all([tls.close(), hub.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const mbPerSecond = (bytes: number, startedAt: number) =>
  (bytes / 1_000 / (performance.now() - startedAt)).toFixed(0);

/** What one request may carry behind a zone, short of its last megabytes. */
const pieceBytes = 95_000_000;
const wholeBytes = 1_000_000_000;

it.each(Object.keys(inOnePiece))('%s sends 95 MB in one piece', async (name) => {
  const there = randomFile(join(folder, 'piece.bin'), pieceBytes);
  const startedAt = performance.now();
  await inOnePiece[name]?.(access, there, 'production/soak/piece.bin');
  console.info(`${name}: 95 MB in one piece, ${mbPerSecond(pieceBytes, startedAt)} MB/s`);
  expect(await hashInHub(hub, programId, 'soak/piece.bin')).toBe(await hashOfFile(there));
  await deleteInHub(hub, programId, 'soak/piece.bin');
});

// curl has no parts.
const inParts = clients.filter(({ name }) => !name.startsWith('curl'));

describe.each(inParts)('$name', ({ name, version, up, down }) => {
  it('sends 1 GB in parts and reads it back', async () => {
    const there = randomFile(join(folder, 'whole.bin'), wholeBytes);
    const back = join(folder, 'back.bin');
    const startedAt = performance.now();
    await up(access, 'path', there, 'production/soak/whole.bin');
    console.info(`${name} (${await version()}): 1 GB in parts, ${mbPerSecond(wholeBytes, startedAt)} MB/s`);
    await down(access, 'path', 'production/soak/whole.bin', back);
    expect(await hashOfFile(back)).toBe(await hashOfFile(there));
    rmSync(back);
    await deleteInHub(hub, programId, 'soak/whole.bin');
  });
});
