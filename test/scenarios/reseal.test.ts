import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { type Call, caller, expectStatus, localSystemKey, newProgram } from '../support/client.ts';

const keyOf = (id: string, fill: string) => `${id}:${btoa(fill.repeat(32))}`;
// Ids that LIKE would take for each other.
const old = keyOf('dev_1', 'a');
const fresh = keyOf('DEV_1', 'b');

/** What the hub reads each time that it starts. */
const vars = { SEAL_KEYS: old };
let hub: Hub;

async function restartWith(sealKeys: string): Promise<Call> {
  await hub.kill();
  vars.SEAL_KEYS = sealKeys;
  await hub.restart();
  return caller(hub.url, localSystemKey);
}

beforeAll(async () => {
  hub = await startHub({ vars });
});
afterAll(() => hub?.stop());

describe('POST /api/system/reseal', () => {
  it('moves every secret to a new key, after which the old one may go', async () => {
    const learningBuilder = { baseUrl: 'https://lb.example', apiKey: 'lb-key' };
    const { programId } = await newProgram(hub.url, { learningBuilder });
    await newProgram(hub.url);
    const secretOf = async (call: Call) => {
      const path = `/api/programs/${programId}/webhooks/notification-secret`;
      return expectStatus(await call('GET', path), 200).body.secret;
    };
    const secret = await secretOf(caller(hub.url, localSystemKey));

    const both = await restartWith(`${fresh},${old}`);
    expect(await secretOf(both)).toBe(secret);
    const resealed = expectStatus(await both('POST', '/api/system/reseal'), 200).body;
    expect(resealed).toEqual({ keyId: 'DEV_1', resealed: 3, remaining: false });
    expect(expectStatus(await both('POST', '/api/system/reseal'), 200).body.resealed).toBe(0);
    expect(await secretOf(both)).toBe(secret);

    const without = await restartWith(fresh);
    expect(await secretOf(without)).toBe(secret);

    // The other way round nothing opens, and the operator is told which key is missing.
    const wrong = await restartWith(keyOf('k3', 'c'));
    const refused = expectStatus(await wrong('POST', '/api/system/reseal'), 409);
    expect(refused.body.detail).toContain('The seal key "DEV_1" is not among SEAL_KEYS');
    expect(refused.text).not.toContain('lb-key');
  });
});
