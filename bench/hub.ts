import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  convertV4MiniflareOptions,
  fetch,
  Log,
  LogLevel,
  Miniflare,
  type Request,
  Response,
} from 'miniflare';
import { applyMigrations } from '../scripts/migrate.ts';
import { runtimeBytes } from '../test/support/memory.ts';
import { bundle, compatibilityDate } from './workerd.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface BareHub {
  url: string;
  /** Resident memory of the runtime now; 0 where the system does not say (it does on Linux). */
  memoryMb(): number;
  stop(): Promise<void>;
}

export interface BareHubOptions {
  /** The worker of this folder that holds the hub. */
  worker: string;
  /** Settings over those of `.dev.vars.example`. */
  vars?: Record<string, string>;
  /** Requests of a key in a minute, of those that are counted at all; so many that none is refused unless told. */
  ratePerMinute?: number;
  /** Where its calls really go, null for nowhere; all go where they are meant to unless told. */
  routeTo?: (url: URL) => URL | null;
}

/** The built hub in miniflare alone, without wrangler's proxies, on a fresh folder of state. */
export async function startBareHub(
  { worker, vars = {}, ratePerMinute = 100_000, routeTo }: BareHubOptions = {
    worker: 'jobs-worker.ts',
  },
): Promise<BareHub> {
  const folder = mkdtempSync(join(tmpdir(), 'crosswalk-bench-'));
  const settings = Object.fromEntries(
    readFileSync(join(root, '.dev.vars.example'), 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
        return name === '' ? [] : [[name, value]];
      }),
  );
  const queue = { maxBatchSize: 1, maxBatchTimeout: 0, maxRetries: 10 };
  const server = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await bundle(worker),
      compatibilityDate,
      compatibilityFlags: ['global_fetch_strictly_public', 'queue_consumer_no_wait_for_wait_until'],
      bindings: { ...settings, ...vars },
      d1Databases: { DB: 'bench' },
      r2Buckets: { OBJECTS: 'bench' },
      queueProducers: {
        INGEST: 'crosswalk-ingest',
        DELIVER: 'crosswalk-deliver',
        EXPORT: 'crosswalk-export',
      },
      queueConsumers: {
        'crosswalk-ingest': queue,
        'crosswalk-deliver': queue,
      },
      email: { send_email: [{ name: 'EMAIL' }] },
      ratelimits: { API_RATE: { namespace_id: '1', simple: { limit: ratePerMinute, period: 60 } } },
      ...(routeTo === undefined ? {} : { outboundService: routed(routeTo) }),
      resourcePersistencePath: folder,
      logRequests: false,
      handleStructuredLogs: () => {},
      log: new Log(LogLevel.ERROR),
    }),
  );
  const url = String(await server.ready).replace(/\/$/, '');
  const db = await server.getD1Database('DB');
  await applyMigrations(db);
  return {
    url,
    memoryMb: () => runtimeBytes() / 1e6,
    async stop() {
      await server.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function routed(routeTo: (url: URL) => URL | null) {
  return async (request: Request): Promise<Response> => {
    const url = routeTo(new URL(request.url));
    if (url === null) return new Response('There is nobody.', { status: 502 });
    const { method } = request;
    // A receiver ends an idle connection after seconds, perhaps while the next call is being written to it.
    const headers = { ...Object.fromEntries(request.headers), connection: 'close' };
    const body = method === 'GET' || method === 'HEAD' ? null : await request.arrayBuffer();
    return fetch(url, { method, headers, body, redirect: 'manual' });
  };
}
