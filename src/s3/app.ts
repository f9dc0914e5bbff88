import type { Ctx } from '../context.ts';
import { ConfigError, type Env } from '../env.ts';
import { openContext } from '../open.ts';
import { newId } from '../platform/ids.ts';
import { createLogger } from '../platform/log.ts';
import { targetOf } from './address.ts';
import { admit, rawRequestOf } from './authenticate.ts';
import { parseQuery } from './canonical.ts';
import { S3Error, toS3Error } from './errors.ts';
import { operationOf } from './operations.ts';
import { isSigned } from './sigv4.ts';
import { writeMembers } from './xml.ts';

/** The S3 door: any request signed AWS4 comes here, whatever its path (s3cmd signs a path prefix wrongly). */
export function isForS3(request: Request): boolean {
  const at = request.url.indexOf('?');
  const query = at < 0 ? '' : request.url.slice(at + 1);
  return isSigned({ query, headers: [['authorization', request.headers.get('authorization') ?? '']] });
}

interface Progress {
  ctx?: Ctx;
  operation?: string;
  programId?: string;
}

/** Context, signature, operation, one map for errors, one log line. */
export async function serveS3(request: Request, env: Env, execution: ExecutionContext): Promise<Response> {
  const requestId = newId('req', Date.now());
  const startedAt = Date.now();
  const progress: Progress = {};
  let failure: unknown;
  let answer: Response;
  try {
    answer = await answerRequest(request, env, execution, requestId, progress);
  } catch (error) {
    failure = error;
    answer = errorAnswer(toS3Error(error), request, requestId);
    await drain(request.body, progress.ctx?.config.MAX_UPLOAD_BYTES ?? 0);
  }
  answer.headers.set('x-amz-request-id', requestId);
  answer.headers.set('x-request-id', requestId);
  if (!answer.headers.has('cache-control')) answer.headers.set('cache-control', 'no-store');
  const { ctx, operation, programId } = progress;
  const fields = {
    method: request.method,
    operation,
    status: answer.status,
    code: failure instanceof S3Error ? failure.code : undefined,
    programId,
    actor: ctx?.actor.kind,
    durationMs: Date.now() - startedAt,
  };
  const log = createLogger({ requestId });
  const detail = failure instanceof ConfigError ? failure.message : undefined;
  if (answer.status >= 500 && answer.status !== 501 && failure !== undefined) {
    log.error('s3.request', failure, { ...fields, detail });
  } else log.line('s3.request', fields);
  return answer;
}

/**
 * Reads what is left of a body. A connection that is closed on a client which is still sending loses the
 * answer, and the client repeats the upload instead of telling why it was refused.
 */
async function drain(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<void> {
  if (body === null || body.locked) return;
  const reader = body.getReader();
  let left = maxBytes;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      left -= value.byteLength;
      if (left < 0) return await reader.cancel();
    }
  } catch {
    // The client went away.
  }
}

async function answerRequest(
  request: Request,
  env: Env,
  execution: ExecutionContext,
  requestId: string,
  progress: Progress,
): Promise<Response> {
  const ctx = await openContext(env, {
    actor: { kind: 'anonymous' },
    requestId,
    waitUntil: (work) => execution.waitUntil(work),
  });
  progress.ctx = ctx;
  const raw = rawRequestOf(request);
  const admitted = await admit(ctx, env, request, raw);
  progress.programId = admitted.programId;
  const { bucket, key } = targetOf(request.headers.get('host') ?? '', raw.path, admitted.bucket);
  if (bucket !== null && bucket !== admitted.bucket) {
    throw new S3Error('AccessDenied', `This access key opens the bucket "${admitted.bucket}" alone.`);
  }
  const params = new Map(parseQuery(raw.query).filter(([name]) => !isOfSignature(name)));
  const on = bucket === null ? 'service' : key === null ? 'bucket' : 'object';
  const operation = operationOf(request.method, on, params, request.headers);
  progress.operation = operation.name;
  return operation.run({ ctx, request, requestId, ...admitted, params }, key ?? '');
}

const signatureParams = new Set([
  ...['x-amz-algorithm', 'x-amz-credential', 'x-amz-date', 'x-amz-expires', 'x-amz-signedheaders'],
  ...['x-amz-signature', 'x-amz-content-sha256', 'x-amz-user-agent', 'x-amz-checksum-mode'],
  // The SDK for JavaScript names the call, and presigns the checksum of a body that it does not have yet.
  ...['x-id', 'x-amz-sdk-checksum-algorithm', 'x-amz-checksum-crc32'],
]);

function isOfSignature(name: string): boolean {
  return signatureParams.has(name.toLowerCase());
}

function errorAnswer(error: S3Error, request: Request, requestId: string): Response {
  const headers = { 'content-type': 'application/xml', ...error.headers };
  if (request.method === 'HEAD') return new Response(null, { status: error.status, headers });
  const members = {
    Code: error.code,
    Message: error.message,
    Resource: new URL(request.url).pathname,
    RequestId: requestId,
  };
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${writeMembers(members)}</Error>`;
  return new Response(xml, { status: error.status, headers });
}
