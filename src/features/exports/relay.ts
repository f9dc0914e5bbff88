import { z } from 'zod';
import type { Ctx, Relay } from '../../context.ts';
import { sha256Hex, toHex, utf8 } from '../../platform/encoding.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { ShortCache } from '../../platform/short-cache.ts';
import { type Contact, keepContact } from './contacts/store.ts';

// The hub's side of relay/CONTRACT.md.

/** A little more than the relay gives itself for a transfer. */
const answerWithinMs = 330_000;
/** What it says of itself it says at once; a page waits for it. */
const sayWithinMs = 2_000;
/** Nobody waits for the minute's look, and a busy relay is not to be on record as one that is gone. */
const checkWithinMs = 10_000;

const hostKey = z.object({ type: z.string(), fingerprint: z.string() });
const host = z.object({ address: z.string(), port: z.number(), software: z.string() }).partial();

const arrived = z.object({
  ok: z.literal(true),
  remotePath: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  durationMs: z.number(),
  connectMs: z.number(),
  mode: z.string(),
  renamed: z.string(),
  synced: z.boolean(),
  confirmed: z.string(),
  authentication: z.string(),
  host: host.extend({ keyType: z.string(), fingerprint: z.string() }),
  negotiated: z.object({ kex: z.string(), cipher: z.string() }).partial(),
});

const failed = z.object({
  ok: z.literal(false),
  phase: z.string(),
  code: z.string(),
  message: z.string(),
  retry: z.boolean(),
  uncertain: z.boolean(),
  timeout: z.boolean(),
  bytes: z.number(),
  durationMs: z.number(),
});

const probed = z.object({
  ok: z.literal(true),
  durationMs: z.number(),
  host,
  keys: z.array(hostKey.extend({ publicKey: z.string().optional() })),
});

/** As the relay says it with every answer; another's words would stand on the operator's page. */
const relayVersion = z.string().regex(/^[\w.+-]{1,64}$/);

const egress = z.object({ fixed: z.boolean(), addresses: z.array(z.string()) });

export type Arrived = z.output<typeof arrived>;
export type Failed = z.output<typeof failed>;
export type Probed = z.output<typeof probed>;
export type HostKey = z.output<typeof hostKey>;

/** `file`, `probe` and `check` are kept as contacts; what a page asks (`look`) is not, for looking changes nothing. */
type Purpose = 'file' | 'probe' | 'check' | 'look';

/** What became of a call: a verdict, a relay that took no work, or one that died before its verdict. */
export type RelayAnswer<Verdict> =
  | { kind: 'verdict'; verdict: Verdict | Failed }
  | { kind: 'refused'; status: number; code: string; message: string; retryAfterSeconds: number | null }
  | { kind: 'unreachable' }
  | { kind: 'lost' };

export interface PutEnvelope {
  host: string;
  port: number;
  username: string;
  password?: string;
  privateKey?: string;
  passphrase?: string;
  hostKeys: HostKey[];
  directory: string;
  name: string;
  mode: 'rename' | 'direct';
  size: number;
  sha256: string;
}

/** The four headers of a signed request; the relay refuses an attempt id it has seen, and a time that is not now. */
export async function signRelayRequest(
  token: string,
  request: { timeMs: number; attemptId: string; method: string; path: string; envelope: string },
): Promise<Record<string, string>> {
  const { timeMs, attemptId, method, path, envelope } = request;
  const text = ['crosswalk-relay-v1', timeMs, attemptId, method, path, await sha256Hex(envelope)].join('\n');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8(token), algorithm, false, ['sign']);
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)));
  return {
    'x-crosswalk-time': String(timeMs),
    'x-crosswalk-attempt': attemptId,
    'x-crosswalk-signature': `v1=${toHex(signature)}`,
    'x-crosswalk-envelope': String(utf8(envelope).length),
  };
}

/** Sends one file; `open` gives its bytes. Throws only where the object store does. */
export async function relayPut(
  ctx: Ctx,
  envelope: PutEnvelope,
  open: () => Promise<ReadableStream<Uint8Array>>,
): Promise<RelayAnswer<Arrived>> {
  const file = { sizeBytes: envelope.size, body: await open() };
  return call(ctx, 'POST', '/v1/put', arrived, { purpose: 'file', envelope: JSON.stringify(envelope), file });
}

/** The host's keys, found without any credential. */
export function relayProbe(ctx: Ctx, target: { host: string; port: number }): Promise<RelayAnswer<Probed>> {
  return call(ctx, 'POST', '/v1/probe', probed, { purpose: 'probe', envelope: JSON.stringify(target) });
}

/** Asks whether it would take a transfer now, and keeps what it answered. */
export async function checkAnswers(ctx: Ctx): Promise<void> {
  await call(ctx, 'GET', '/v1/egress', egress, { purpose: 'check', withinMs: checkWithinMs });
}

/** The addresses that transfers come from; none are fixed where the relay runs in a container of the platform. */
export async function relayEgress(ctx: Ctx): Promise<Egress> {
  const { state, egress } = await relayStanding(ctx);
  if (state === 'answers') return egress;
  throw new AppError('unavailable', 'The SFTP relay does not answer now. Try again in a moment.');
}

type Egress = z.output<typeof egress>;

const health = z.object({ transfers: z.number(), limit: z.number(), version: relayVersion.optional() });

/** What a relay says of itself, asked with a signature: one that answers takes the hub's transfers. */
export interface RelayStanding {
  state: 'answers' | 'refuses' | 'unreachable';
  /** Why it refuses, in its words. */
  detail: string | null;
  egress: Egress;
  /** Transfers under way, and how many it runs at once; null where it does not say. */
  transfers: number | null;
  limit: number | null;
  version: string | null;
  askedAtMs: number;
  durationMs: number;
}

const standings = new ShortCache<RelayStanding>();

/** Asked at most every five seconds in an isolate, however many look. Throws `not_configured`. */
export async function relayStanding(ctx: Ctx): Promise<RelayStanding> {
  const { relay } = ctx;
  if (!relay) throw noRelay();
  return standings.get(relay, 'standing', ctx.wallNow(), async () => {
    const startedAt = Date.now();
    const [said, ready] = await Promise.all([
      call(ctx, 'GET', '/v1/egress', egress, { purpose: 'look', withinMs: sayWithinMs }),
      readHealth(relay),
    ]);
    const answers = said.kind === 'verdict' && 'fixed' in said.verdict ? said.verdict : null;
    return {
      state: answers !== null ? 'answers' : said.kind === 'refused' ? 'refuses' : 'unreachable',
      detail: said.kind === 'refused' ? refusalText(said) : null,
      egress: answers ?? { fixed: false, addresses: [] },
      transfers: ready?.transfers ?? null,
      limit: ready?.limit ?? null,
      version: ready?.version ?? null,
      askedAtMs: ctx.now(),
      durationMs: Date.now() - startedAt,
    };
  });
}

/** Null where it does not say; the signed call beside it tells why. */
async function readHealth(relay: Relay): Promise<z.output<typeof health> | null> {
  try {
    const signal = AbortSignal.timeout(sayWithinMs);
    const answer = await relay.send('/healthz', { method: 'GET', headers: {}, body: null, signal });
    return health.safeParse(await answer.json()).data ?? null;
  } catch {
    return null;
  }
}

const noRelay = () =>
  new AppError('not_configured', 'This hub has no SFTP relay: its operator sets RELAY_TOKEN first.');

async function call<Verdict>(
  ctx: Ctx,
  method: 'GET' | 'POST',
  path: string,
  schema: z.ZodType<Verdict>,
  options: {
    purpose: Purpose;
    envelope?: string;
    file?: { sizeBytes: number; body: ReadableStream<Uint8Array> };
    withinMs?: number;
  },
): Promise<RelayAnswer<Verdict>> {
  const { relay } = ctx;
  const { purpose, envelope = '', file, withinMs = answerWithinMs } = options;
  const heard = async (answer: RelayAnswer<Verdict>, version: string | null) => {
    if (purpose !== 'look') await keepContact(ctx, { call: purpose, version, ...contactOf(answer) });
    return answer;
  };
  if (!relay) {
    await file?.body.cancel();
    throw noRelay();
  }
  const attemptId = newId('att', ctx.wallNow());
  const timeMs = ctx.wallNow();
  const headers = await signRelayRequest(relay.token, { timeMs, attemptId, method, path, envelope });
  const streaming = file === undefined ? null : streamBody(`${envelope}\n`, file);
  const body = streaming?.body ?? (method === 'POST' ? `${envelope}\n` : null);
  let answer: Response;
  try {
    answer = await relay.send(path, { method, headers, body, signal: AbortSignal.timeout(withinMs) });
  } catch (error) {
    streaming?.stop();
    ctx.log.error('relay.unreachable', error, { path });
    return heard({ kind: 'unreachable' }, null);
  }
  const read = await readAnswer(ctx, answer, schema);
  streaming?.stop();
  return heard(read, relayVersion.safeParse(answer.headers.get('x-crosswalk-relay')).data ?? null);
}

/** A relay at its limit answers; one that is about to stop or knows another token does not take a transfer. */
function contactOf(answer: RelayAnswer<unknown>): Pick<Contact, 'outcome' | 'detail'> {
  if (answer.kind !== 'refused')
    return { outcome: answer.kind === 'verdict' ? 'answered' : answer.kind, detail: null };
  if (answer.status === 429) return { outcome: 'answered', detail: null };
  return { outcome: 'refused', detail: refusalText(answer) };
}

const refusalText = ({ status, code, message }: { status: number; code: string; message: string }) =>
  `${status} ${code}: ${message}`.slice(0, 300);

/** Envelope and file in one body of known length. What breaks the file off breaks the body off. */
function streamBody(
  head: string,
  { sizeBytes, body }: { sizeBytes: number; body: ReadableStream<Uint8Array> },
) {
  const first = utf8(head);
  const stopping = new AbortController();
  const joined = new FixedLengthStream(first.length + sizeBytes);
  const write = async () => {
    const writer = joined.writable.getWriter();
    try {
      await writer.write(first);
      writer.releaseLock();
    } catch (error) {
      await body.cancel(error);
      throw error;
    }
    await body.pipeTo(joined.writable, { signal: stopping.signal });
  };
  // The call itself says what went wrong; this only keeps its echo from being unheard.
  write().catch(() => undefined);
  return { body: joined.readable, stop: () => stopping.abort() };
}

async function readAnswer<Verdict>(
  ctx: Ctx,
  answer: Response,
  schema: z.ZodType<Verdict>,
): Promise<RelayAnswer<Verdict>> {
  let parsed: unknown;
  try {
    // White space before the verdict says that the relay is still at it.
    parsed = JSON.parse(await answer.text());
  } catch {
    return answer.ok ? { kind: 'lost' } : refusal(answer, {});
  }
  if (!answer.ok) return refusal(answer, parsed);
  const verdict = schema.safeParse(parsed);
  if (verdict.success) return { kind: 'verdict', verdict: verdict.data };
  const failure = failed.safeParse(parsed);
  if (failure.success) return { kind: 'verdict', verdict: failure.data };
  ctx.log.line('relay.answer_unknown', { status: answer.status });
  return { kind: 'lost' };
}

function refusal(answer: Response, parsed: unknown): RelayAnswer<never> {
  const told = z.object({ code: z.string(), message: z.string() }).safeParse(parsed);
  const after = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return {
    kind: 'refused',
    status: answer.status,
    code: told.success ? told.data.code : 'unknown',
    message: told.success ? told.data.message : `The relay answered ${answer.status}.`,
    retryAfterSeconds: Number.isFinite(after) ? after : null,
  };
}
