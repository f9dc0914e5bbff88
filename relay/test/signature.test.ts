import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Attempts, isSigned, sign, windowMs } from '../src/signature.ts';

interface Vectors {
  token: string;
  cases: {
    name: string;
    timeMs: number;
    attemptId: string;
    method: string;
    path: string;
    envelope: string;
    envelopeBytes: number;
    signature: string;
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../test/contract/vectors/relay-signature.json', import.meta.url), 'utf8'),
);

describe('a signature', () => {
  for (const { name, timeMs, envelope, envelopeBytes, signature, ...rest } of vectors.cases) {
    const parts = { ...rest, timeMs: String(timeMs), envelope: Buffer.from(envelope) };

    it(`is that of the published vector: ${name}`, () => {
      expect(parts.envelope.length).toBe(envelopeBytes);
      expect(sign(vectors.token, parts)).toBe(signature);
      expect(isSigned(vectors.token, parts, signature)).toBe(true);
    });

    it(`covers every part of it: ${name}`, () => {
      const changed = [
        { ...parts, timeMs: String(timeMs + 1) },
        { ...parts, attemptId: `${parts.attemptId}x` },
        { ...parts, method: 'PUT' },
        { ...parts, path: `${parts.path}/` },
        { ...parts, envelope: Buffer.concat([parts.envelope, Buffer.from(' ')]) },
      ];
      for (const other of changed) expect(isSigned(vectors.token, other, signature)).toBe(false);
      expect(isSigned(`${vectors.token}x`, parts, signature)).toBe(false);
      expect(isSigned(vectors.token, parts, signature.slice(0, -1))).toBe(false);
    });
  }
});

describe('the memory of attempts', () => {
  it('takes an id once within both ends of the window', () => {
    const attempts = new Attempts();
    expect(attempts.take('att_one', 0)).toBe('taken');
    expect(attempts.take('att_two', 5)).toBe('taken');
    // Signed a window ahead of our clock, it is in time until two windows from now.
    expect(attempts.take('att_one', 2 * windowMs - 1)).toBe('replayed');
    expect(attempts.take('att_one', 2 * windowMs + 1)).toBe('taken');
  });

  it('refuses new ids rather than forget one, and goes on when old ones have run out', () => {
    const attempts = new Attempts(2);
    expect(attempts.take('att_one', 0)).toBe('taken');
    expect(attempts.take('att_two', 0)).toBe('taken');
    expect(attempts.take('att_three', 0)).toBe('full');
    expect(attempts.take('att_one', 1)).toBe('replayed');
    expect(attempts.take('att_three', 2 * windowMs)).toBe('taken');
  });
});
