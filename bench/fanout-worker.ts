import type { Env } from '../src/env.ts';
import hub, { SftpRelay } from '../src/index.ts';
import { newId } from '../src/platform/ids.ts';
import { signWebhook } from '../src/platform/standard-webhooks.ts';
import { metered } from './meter.ts';

export { SftpRelay };

/**
 * The hub, its database behind a meter, and the bare loop: `/bench/bare` takes an event, writes it with a row
 * per receiver in one batch, answers 201, and after that signs, sends and updates one row for each receiver.
 * `/bench/receivers` says who they are; `/bench/meter` answers and clears what the hub's statements cost, and
 * with `?off` counts no further.
 */
interface BareReceiver {
  url: string;
  secret: string;
}

let receivers: BareReceiver[] = [];
let rowsWritten: Record<string, number> = {};
let statements = 0;

/** Off where milliseconds are what is measured: the meter wraps each statement. */
let isMetered = true;
let meteredEnv: Env | undefined;

function envOf(env: Env): Env {
  if (!isMetered) return env;
  meteredEnv ??= {
    ...env,
    DB: metered(env.DB, (query, meta) => {
      statements++;
      if (meta.rows_written === 0) return;
      const table = /^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)/i.exec(query)?.[1] ?? 'other';
      rowsWritten[table] = (rowsWritten[table] ?? 0) + meta.rows_written;
    }),
  };
  return meteredEnv;
}

const tables = [
  'CREATE TABLE IF NOT EXISTS bare_events (event_id TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL)',
  `CREATE TABLE IF NOT EXISTS bare_deliveries (delivery_id TEXT PRIMARY KEY, event_id TEXT NOT NULL, url TEXT NOT NULL,
    status INTEGER, ended_at INTEGER)`,
];

async function acceptBare(request: Request, env: Env, execution: ExecutionContext): Promise<Response> {
  const data = await request.json();
  const now = Date.now();
  const eventId = newId('evt', now);
  const body = JSON.stringify({ type: 'event.published', timestamp: new Date(now).toISOString(), data });
  const due = receivers.map((receiver) => ({ ...receiver, deliveryId: newId('dlv', now) }));
  const rows = JSON.stringify(due.map(({ deliveryId, url }) => [deliveryId, url]));
  await env.DB.batch([
    env.DB.prepare('INSERT INTO bare_events VALUES (?, ?, ?)').bind(eventId, body, now),
    env.DB.prepare(
      `INSERT INTO bare_deliveries (delivery_id, event_id, url)
       SELECT value ->> 0, ?, value ->> 1 FROM json_each(?)`,
    ).bind(eventId, rows),
  ]);
  for (const one of due) {
    execution.waitUntil(
      (async () => {
        const message = { id: `msg_${eventId.slice(4)}`, timestampSeconds: Math.floor(now / 1_000), body };
        const signature = await signWebhook([one.secret], message);
        const headers = { 'content-type': 'application/json', ...signature };
        const answer = await fetch(one.url, { method: 'POST', headers, body });
        await answer.text();
        await env.DB.prepare('UPDATE bare_deliveries SET status = ?, ended_at = ? WHERE delivery_id = ?')
          .bind(answer.status, Date.now(), one.deliveryId)
          .run();
      })(),
    );
  }
  return new Response(null, { status: 201, headers: { location: `/bench/events/${eventId}` } });
}

async function bench(request: Request, env: Env, execution: ExecutionContext): Promise<Response> {
  const url = new URL(request.url);
  const { pathname } = url;
  if (pathname === '/bench/bare') return acceptBare(request, env, execution);
  if (pathname === '/bench/receivers') {
    receivers = await request.json();
    await env.DB.batch(tables.map((one) => env.DB.prepare(one)));
    return Response.json(receivers.length);
  }
  if (pathname === '/bench/open') {
    const open = 'SELECT count(*) AS open FROM bare_deliveries WHERE ended_at IS NULL';
    return Response.json(await env.DB.prepare(open).first('open'));
  }
  isMetered = !url.searchParams.has('off');
  const counted = { statements, rowsWritten };
  statements = 0;
  rowsWritten = {};
  return Response.json(counted);
}

export default {
  async fetch(request, env, execution) {
    if (new URL(request.url).pathname.startsWith('/bench/')) return bench(request, env, execution);
    return hub.fetch(request, envOf(env), execution);
  },
  queue: (batch, env, execution) => hub.queue(batch, envOf(env), execution),
} satisfies ExportedHandler<Env>;
