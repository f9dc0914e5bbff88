import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type Evidence, noEvidence } from './connection.ts';
import { EnvelopeError, readProbe, readPut } from './envelope.ts';
import { Failure } from './failure.ts';
import { probe } from './probe.ts';
import { type Limits, Put } from './put.ts';
import { Refusal, readRequest, type SignedRequest } from './request.ts';
import type { Settings } from './settings.ts';
import { Attempts, isSigned, windowMs } from './signature.ts';
import { version } from './version.ts';

export interface RelayServer {
  http: Server;
  /** Takes no new work, ends when what runs has ended. */
  stop(): Promise<void>;
}

export interface Options {
  now?: () => number;
  resolve?: (host: string) => Promise<string[]>;
  log?: (line: Record<string, unknown>) => void;
  heartbeatMs?: number;
}

/** The relay's HTTP side; CONTRACT.md says what it answers. */
export function createRelay(settings: Settings, options: Options = {}): RelayServer {
  const now = options.now ?? Date.now;
  const attempts = new Attempts();
  const limits: Limits = {
    connectSeconds: settings.connectSeconds,
    totalSeconds: settings.totalSeconds,
    resolution: {
      allowed: settings.allowedNetworks,
      ...(options.resolve ? { resolve: options.resolve } : {}),
    },
  };
  let transfers = 0;
  let stopping = false;

  const admit = (request: SignedRequest): void => {
    if (!isSigned(settings.token, request, request.signature))
      throw new Refusal(
        401,
        'bad_signature',
        'The signature does not fit: the tokens of hub and relay differ.',
      );
    if (Math.abs(Number(request.timeMs) - now()) > windowMs)
      throw new Refusal(401, 'bad_time', "The request's time is more than 300 s from the relay's clock.");
    if (stopping) throw new Refusal(503, 'stopping', 'The relay is about to stop.', 5);
    if (request.path === '/v1/egress') return;
    if (transfers >= settings.maxTransfers)
      throw new Refusal(429, 'busy', `${settings.maxTransfers} transfers run already.`, 5);
    const taken = attempts.take(request.attemptId, now());
    if (taken === 'replayed') throw new Refusal(409, 'replayed', 'This attempt id was taken before.');
    if (taken === 'full') throw new Refusal(503, 'memory_full', 'Too many attempts within ten minutes.', 60);
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (message.url === '/healthz' && message.method === 'GET') {
      const status = stopping ? 'stopping' : 'ok';
      const body = { status, version, transfers, limit: settings.maxTransfers };
      return answer(response, stopping ? 503 : 200, body);
    }
    const request = await readRequest(message);
    admit(request);
    if (request.path === '/v1/egress')
      return answer(response, 200, { fixed: settings.egress.length > 0, addresses: settings.egress });
    const work = request.path === '/v1/put' ? planPut(request, limits) : planProbe(request, limits);
    transfers += 1;
    const startedAt = performance.now();
    const alive = beginAnswer(response, options.heartbeatMs ?? 10_000);
    try {
      const verdict = { ...(await work()), attemptId: request.attemptId };
      const durationMs = Math.round(performance.now() - startedAt);
      options.log?.(logLine(request, { ...verdict, durationMs }));
      response.end(JSON.stringify({ ...verdict, durationMs }));
    } finally {
      clearInterval(alive);
      transfers -= 1;
    }
  };

  const onRequest = (message: IncomingMessage, response: ServerResponse) => {
    response.setHeader('x-crosswalk-relay', version);
    // A request that breaks off is the source's failure, told where its body is read.
    message.on('error', () => undefined);
    response.on('error', () => undefined);
    // A connection that was busy when the relay was told to stop would be kept for a next request.
    response.on('finish', () => {
      if (stopping) setImmediate(() => http.closeIdleConnections());
    });
    handle(message, response)
      .catch((error: unknown) => {
        if (response.headersSent) return response.destroy();
        if (error instanceof Refusal) return refuse(response, error);
        if (error instanceof EnvelopeError)
          return refuse(response, new Refusal(400, 'bad_request', error.message));
        options.log?.({ level: 'error', message: 'request.failed', error: String(error) });
        return refuse(response, new Refusal(500, 'relay_fault', 'The relay itself failed.'));
      })
      .finally(() => drain(message));
  };

  const http = settings.tls ? createTlsServer(settings.tls, onRequest) : createServer(onRequest);
  // A put may take as long as the transfer may; the head of a request may not.
  http.requestTimeout = 0;
  http.headersTimeout = 20_000;
  // Longer than any client keeps an idle connection: whoever closes it first must not be the one who listens.
  http.keepAliveTimeout = 75_000;
  return {
    http,
    async stop() {
      stopping = true;
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeIdleConnections();
      await closed;
    },
  };
}

type Verdict = Record<string, unknown>;

function planPut(request: SignedRequest, limits: Limits): () => Promise<Verdict> {
  const envelope = readPut(request.envelope);
  return async () => {
    const put = new Put(envelope, request.attemptId, limits);
    try {
      const delivered = await put.run(request.rest);
      return { ok: true, ...delivered, ...evidenceOf(put.evidence, envelope.port) };
    } catch (error) {
      return { ...failed(error, put.evidence, envelope.port), bytes: put.bytes };
    }
  };
}

function planProbe(request: SignedRequest, limits: Limits): () => Promise<Verdict> {
  const destination = readProbe(request.envelope);
  return async () => {
    const evidence = noEvidence();
    try {
      const keys = await probe(destination, limits, evidence);
      const { address, software } = evidence;
      return { ok: true, host: { address, port: destination.port, software: software ?? '' }, keys };
    } catch (error) {
      return { ...failed(error, evidence, destination.port), bytes: 0 };
    }
  };
}

function failed(error: unknown, evidence: Evidence, port: number): Verdict {
  const failure =
    error instanceof Failure
      ? error
      : new Failure('connect', 'relay_fault', 'The relay itself failed.', { retry: true, uncertain: true });
  const { timeout = false, uncertain = false, ...details } = failure.details;
  return {
    ok: false,
    phase: failure.phase,
    code: failure.code,
    message: failure.message,
    ...details,
    uncertain,
    timeout,
    ...evidenceOf(evidence, port),
  };
}

function evidenceOf({ address, software, key, negotiated }: Evidence, port: number): Verdict {
  const host =
    address === null
      ? null
      : {
          address,
          port,
          software: software ?? '',
          keyType: key?.type ?? null,
          fingerprint: key?.fingerprint ?? null,
        };
  return { host, negotiated };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, { status, code, message, retryAfter }: Refusal): void {
  if (retryAfter !== null) response.setHeader('retry-after', String(retryAfter));
  answer(response, status, { code, message });
}

/** 200 at once, then a line end now and then until the verdict: white space before JSON is legal. */
function beginAnswer(response: ServerResponse, everyMs: number): NodeJS.Timeout {
  response.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    // nginx would keep the line ends to itself.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  return setInterval(() => response.write('\n'), everyMs);
}

/**
 * A peer that is still sending when it is answered would lose the answer if the connection were cut, as
 * `connection: close` does: what it sends is read and dropped for a while.
 */
function drain(message: IncomingMessage): void {
  if (message.complete || message.destroyed) return;
  // The iterator that read it so far listens for this, which would keep it from flowing.
  message.removeAllListeners('readable');
  message.resume();
  setTimeout(() => message.destroy(), 30_000).unref();
}

function logLine(request: SignedRequest, verdict: Verdict): Record<string, unknown> {
  const { ok, phase, code, bytes, durationMs, host } = verdict;
  const level = ok ? 'info' : 'warn';
  const call = request.path.slice('/v1/'.length);
  const digest = createHash('sha256').update(request.attemptId).digest('hex').slice(0, 12);
  return {
    level,
    message: call,
    attemptId: request.attemptId,
    part: digest,
    ok,
    phase,
    code,
    bytes,
    durationMs,
    host,
  };
}
