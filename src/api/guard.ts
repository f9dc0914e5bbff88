import type { Context } from 'hono';
import type { Actor, Ctx } from '../context.ts';
import { findProgram } from '../features/programs/index.ts';
import type { Access, ApiEnv } from '../http.ts';
import { AppError } from '../platform/errors.ts';
import { authenticateBody } from './auth.ts';
import { beginIdempotent } from './idempotency.ts';
import { checkRate } from './rate.ts';
import { askedWithin } from './within.ts';

const defaultBodyLimit = 256 * 1_024;

/** What happens before any handler: who asks, whose it is, may they, how often, and is the body bearable. */
export async function guardRequest(c: Context<ApiEnv>, access: Access): Promise<void> {
  const ctx = c.get('ctx');
  if (access.keyInBody && ctx.actor.kind === 'anonymous' && (await readBody(c, access))) {
    ctx.actor = await authenticateBody(c);
  }
  if (access.scope !== 'public' && ctx.actor.kind === 'anonymous') {
    throw new AppError('unauthorized', howToAuthenticate);
  }
  await checkRate(c);
  if (access.scope !== 'public') {
    await checkProgram(c, ctx, access);
    checkScope(ctx.actor, access);
  }
  if (!takesBytes(access)) await readBody(c, access);
  if (access.answersSecret) c.header('cache-control', 'no-store');
  await beginIdempotent(c, access);
}

const howToAuthenticate =
  'Send a key as "Authorization: Bearer KEY", as "x-api-key: KEY", or as Basic authentication with the key id as user name.';

async function checkProgram(c: Context<ApiEnv>, ctx: Ctx, access: Access): Promise<void> {
  const named = c.req.param('programId') ?? (await access.owner?.(ctx, c.req.param()));
  if (named === undefined) return;
  const found = askedWithin(c.req.raw)?.reading?.programId;
  const program =
    found !== undefined && found !== '' && found.toLowerCase() === named.toLowerCase()
      ? { programId: found }
      : await findProgram(ctx, named);
  if (!program || !mayEnter(ctx.actor, program.programId)) {
    throw new AppError('not_found', 'There is no such program, or it is not yours.');
  }
  c.set('programId', program.programId);
}

function mayEnter(actor: Actor, programId: string): boolean {
  return actor.kind === 'system' || (actor.kind === 'program' && actor.programId === programId);
}

function checkScope(actor: Actor, access: Access): void {
  if (actor.kind === 'system') return;
  if (access.scope === 'system') throw new AppError('forbidden', 'Only a system key may do this.');
  if (actor.kind === 'program' && access.scope !== 'public' && actor.scopes.includes(access.scope)) return;
  throw new AppError('forbidden', `This key lacks the scope "${access.scope}".`);
}

function takesBytes(access: Access): boolean {
  return access.media?.includes('*') === true;
}

/** Reads the body, once, and checks its media type. False where there is none: an empty one has no type. */
async function readBody(c: Context<ApiEnv>, access: Access): Promise<boolean> {
  if (c.req.bodyCache.arrayBuffer !== undefined) return true;
  if (c.req.raw.body === null && c.req.header('content-type') === undefined) return false;
  const bytes = await readBounded(c, access);
  const media = bytes.byteLength === 0 ? null : acceptedMedia(c, access);
  // What the validators read is there already where it was given to the letter.
  if (c.req.header('content-type') !== media) c.req.raw = withoutBody(c.req.raw, media);
  if (media === null) return false;
  // Hono awaits what it finds here; its type names the value alone.
  c.req.bodyCache.arrayBuffer = Promise.resolve(bytes.buffer) as unknown as ArrayBuffer;
  return true;
}

function acceptedMedia(c: Context<ApiEnv>, access: Access): string {
  const accepted = access.media ?? ['application/json'];
  const given = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (accepted.includes(given)) return given;
  throw new AppError(
    'unsupported_media_type',
    `Send the body with "content-type: ${accepted.join('" or "')}"${given === '' ? '.' : `, not "${given.slice(0, 100)}".`}`,
  );
}

/** What goes on to the validators, which read media types more strictly than RFC 9110 writes them. */
function withoutBody({ url, method, headers: given }: Request, media: string | null): Request {
  const headers = new Headers(given);
  if (media === null) headers.delete('content-type');
  else headers.set('content-type', media);
  return new Request(url, { method, headers });
}

/** Stops at the limit whatever `content-length` says. */
async function readBounded(c: Context<ApiEnv>, access: Access): Promise<Uint8Array<ArrayBuffer>> {
  const limit = access.bodyLimitBytes ?? defaultBodyLimit;
  const tooLarge = () => new AppError('payload_too_large', `The body may have at most ${limit} bytes.`);
  if (Number(c.req.header('content-length') ?? 0) > limit) throw tooLarge();
  const body = c.req.raw.body;
  if (!body) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let total = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    total += value.byteLength;
    if (total > limit) {
      await reader.cancel();
      throw tooLarge();
    }
    parts.push(value);
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
