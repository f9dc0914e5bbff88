import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedParts {
  timeMs: string;
  attemptId: string;
  method: string;
  path: string;
  envelope: Uint8Array;
}

/** `v1=` and HMAC-SHA256 in hex; CONTRACT.md, "Signed requests". */
export function sign(token: string, parts: SignedParts): string {
  const digest = createHash('sha256').update(parts.envelope).digest('hex');
  const lines = ['crosswalk-relay-v1', parts.timeMs, parts.attemptId, parts.method, parts.path, digest];
  return `v1=${createHmac('sha256', token).update(lines.join('\n')).digest('hex')}`;
}

/** Compares in a time that does not depend on where they differ. */
export function isSigned(token: string, parts: SignedParts, signature: string): boolean {
  const given = Buffer.from(signature);
  const right = Buffer.from(sign(token, parts));
  return given.length === right.length && timingSafeEqual(given, right);
}

/** How far a request's time may be from ours. */
export const windowMs = 300_000;

/**
 * The attempt ids taken within the window, so that none is taken twice. Bounded: it refuses new ones rather
 * than forget one that could still be replayed.
 */
export class Attempts {
  readonly #seen = new Map<string, number>();
  readonly #limit: number;

  constructor(limit = 100_000) {
    this.#limit = limit;
  }

  take(attemptId: string, nowMs: number): 'taken' | 'replayed' | 'full' {
    // Insertion order is the order of expiry.
    for (const [id, until] of this.#seen) {
      if (until > nowMs) break;
      this.#seen.delete(id);
    }
    if (this.#seen.has(attemptId)) return 'replayed';
    if (this.#seen.size >= this.#limit) return 'full';
    // A request signed up to a window ahead of our clock can come back until two windows from now.
    this.#seen.set(attemptId, nowMs + 2 * windowMs);
    return 'taken';
  }
}
