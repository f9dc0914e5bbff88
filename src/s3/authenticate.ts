import type { Ctx } from '../context.ts';
import type { Env } from '../env.ts';
import { dropSecretOf, markDropKeyUsed } from '../features/drops/drops.system.ts';
import { findProgram } from '../features/programs/index.ts';
import { headerOf, type RawRequest } from './canonical.ts';
import type { ChunkSigning } from './chunked.ts';
import { S3Error } from './errors.ts';
import { isSignatureRight, readClaim, requireTimely, signingKey } from './sigv4.ts';

/** Who a request comes from, and what its body must be. */
export interface Admitted {
  programId: string;
  bucket: string;
  createdAtMs: number;
  payloadHash: string;
  signing: ChunkSigning;
}

/**
 * The request as it was signed. Cloudflare rewrites `accept-encoding` (the original is in `cf`) and answers
 * `expect` itself. Dot segments of the path are gone by now (WHATWG URL): a key with them is never signed
 * right. Seen in the runtime on 2026-11-22: all else of the path and the headers comes as it was sent.
 */
export function rawRequestOf(request: Request): RawRequest {
  const afterScheme = request.url.indexOf('//') + 2;
  const target = request.url.slice(request.url.indexOf('/', afterScheme));
  const at = target.indexOf('?');
  const accepted: unknown = request.cf?.clientAcceptEncoding;
  const headers = [...request.headers].filter(([name]) => name !== 'accept-encoding' && name !== 'expect');
  if (typeof accepted === 'string' && accepted !== '') headers.push(['accept-encoding', accepted]);
  headers.push(['expect', '100-continue']);
  return {
    method: request.method,
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? '' : target.slice(at + 1),
    headers,
  };
}

/** Verifies who asks and makes them the context's actor. Throws `S3Error`. */
export async function admit(ctx: Ctx, env: Env, request: Request, raw: RawRequest): Promise<Admitted> {
  const claim = readClaim(raw, 's3');
  requireTimely(claim, ctx.wallNow());
  const payloadHash = payloadHashOf(raw, claim.form);
  const { key, secret } = await dropSecretOf(ctx, claim.accessKeyId);
  const signing = await signingKey(secret, claim.scope);
  const isRight = await isSignatureRight(raw, claim, signing, payloadHash);
  if (!key || !isRight) {
    // Guessing is counted by where it comes from.
    await checkRate(ctx, env, request.headers.get('cf-connecting-ip') ?? 'unknown');
    if (!key) throw new S3Error('InvalidAccessKeyId', 'There is no such access key.');
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The signature is not the one that this access key makes of the request. Check the secret; a path with "." or ".." as a segment cannot be signed right.',
    );
  }
  if (key.endsAt !== null && key.endsAt <= ctx.now()) {
    throw new S3Error(
      'InvalidAccessKeyId',
      `This access key ended on ${new Date(key.endsAt).toISOString()}. The new pair is in GET /api/programs/${key.programId}/drop?secrets=true.`,
    );
  }
  const program = await findProgram(ctx, key.programId);
  if (!program) throw new S3Error('InvalidAccessKeyId', 'There is no such access key.');
  ctx.actor = { kind: 'drop', keyId: key.accessKeyId, programId: program.programId };
  await checkRate(ctx, env, key.accessKeyId);
  ctx.after(markDropKeyUsed(ctx, key));
  return {
    programId: program.programId,
    bucket: program.bucket,
    createdAtMs: program.createdAt,
    payloadHash,
    signing: { key: signing, timestamp: claim.timestamp, scope: claim.scope, signature: claim.signature },
  };
}

/**
 * What stands for the body in the signature. A presigned URL leaves the body open, unless the header is
 * signed too; in the header form S3 refuses a request without it, for its signature would cover any body.
 */
function payloadHashOf(raw: RawRequest, form: 'header' | 'query'): string {
  const given = headerOf(raw, 'x-amz-content-sha256');
  if (given !== null) return given;
  if (form === 'query') return 'UNSIGNED-PAYLOAD';
  throw new S3Error(
    'InvalidRequest',
    "Missing required header for this request: x-amz-content-sha256. curl 7 does not send it by itself: give it -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'.",
  );
}

async function checkRate(ctx: Ctx, env: Env, who: string): Promise<void> {
  if (ctx.config.RATE_LIMIT === 'off') return;
  const { success } = await env.API_RATE.limit({ key: who });
  if (success) return;
  throw new S3Error('SlowDown', 'Too many requests. Wait a minute, then go on more slowly.', {
    'retry-after': '60',
  });
}
