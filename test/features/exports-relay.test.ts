import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signRelayRequest } from '../../src/features/exports/relay.ts';

interface Case {
  name: string;
  timeMs: number;
  attemptId: string;
  method: string;
  path: string;
  envelope: string;
  envelopeBytes: number;
  signature: string;
}
const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '../contract/vectors/relay-signature.json'), 'utf8'),
) as { token: string; cases: Case[] };

describe('signRelayRequest', () => {
  it.each(vectors.cases)('signs $name as the relay reads it', async (one) => {
    expect(await signRelayRequest(vectors.token, one)).toEqual({
      'x-crosswalk-time': String(one.timeMs),
      'x-crosswalk-attempt': one.attemptId,
      'x-crosswalk-signature': one.signature,
      'x-crosswalk-envelope': String(one.envelopeBytes),
    });
  });
});
