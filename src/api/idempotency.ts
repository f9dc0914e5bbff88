import type { Context } from 'hono';
import {
  claimIdempotencyKey,
  completeIdempotencyKey,
  releaseIdempotencyKey,
} from '../features/keys/index.ts';
import type { Access, ApiEnv } from '../http.ts';
import { sha256Hex } from '../platform/encoding.ts';
import { AppError } from '../platform/errors.ts';

/** Thrown to answer with what the first request was answered. */
export class ReplayedAnswer extends Error {
  readonly answer: Response;
  constructor(answer: Response) {
    super('replayed');
    this.answer = answer;
  }
}

/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same key and body get the first answer
 * again for 24 hours. The lock of a request that died ends after a minute; what it had committed is then
 * found again by the verb's own keys.
 */
export async function beginIdempotent(c: Context<ApiEnv>, access: Access): Promise<void> {
  const header = c.req.header('idempotency-key');
  if (header === undefined) return;
  if (access.answersSecret) {
    throw new AppError(
      'idempotency_key_refused',
      'This answer carries a secret and is not kept for a second request.',
    );
  }
  if (!access.idempotent) return;
  const key = parseKey(header);
  const ctx = c.get('ctx');
  const owner =
    ctx.actor.kind === 'program' ? ctx.actor.programId : ctx.actor.kind === 'system' ? ctx.actor.keyId : '';
  // The query too: there a system key names the program that is meant.
  const { pathname, search } = new URL(c.req.url);
  const id = `${owner}|${c.req.method} ${pathname}${search}|${key}`;
  const bodyHash = await sha256Hex(new Uint8Array(await c.req.arrayBuffer()));
  const claim = await claimIdempotencyKey(ctx, id, bodyHash);
  if (claim.kind === 'mismatch') {
    throw new AppError(
      'idempotency_mismatch',
      'This Idempotency-Key came with another body before. Use a new key.',
    );
  }
  if (claim.kind === 'running') {
    throw new AppError(
      'idempotency_in_progress',
      'The first request with this Idempotency-Key is still running.',
      {
        headers: { 'retry-after': '5' },
      },
    );
  }
  if (claim.kind === 'answered') {
    const headers = new Headers(claim.headers);
    headers.set('idempotency-replayed', 'true');
    throw new ReplayedAnswer(
      new Response(claim.body === '' ? null : claim.body, { status: claim.status, headers }),
    );
  }
  c.set('idempotency', {
    async complete(answer) {
      // Our own failures are not an answer to keep: the same request may go through next time.
      if (answer.status >= 500 || answer.status === 429) return releaseIdempotencyKey(ctx, id);
      const headers: Record<string, string> = {};
      for (const name of ['content-type', 'location']) {
        const value = answer.headers.get(name);
        if (value !== null) headers[name] = value;
      }
      await completeIdempotencyKey(ctx, id, {
        status: answer.status,
        headers,
        body: await answer.clone().text(),
      });
    },
  });
}

/** A quoted string (RFC 8941), or the bare text, of 1 to 255 printable characters. */
function parseKey(header: string): string {
  const text = header.trim();
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text);
  const key = quoted?.[1] === undefined ? text : quoted[1].replace(/\\(["\\])/g, '$1');
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new AppError(
      'idempotency_key_invalid',
      'An Idempotency-Key has 1 to 255 printable ASCII characters.',
    );
  }
  return key;
}
