import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { decodeCursor, encodeCursor } from '../../platform/cursor.ts';
import { newId } from '../../platform/ids.ts';
import { type Place, readAtOnce, toldAfter } from './told.ts';

export const stepKinds = ['file', 'job', 'event', 'sync', 'export', 'request', 'delivery'] as const;
export type StepKind = (typeof stepKinds)[number];

/** One thing that a trace became. */
export interface Step {
  kind: StepKind;
  id: string;
  atMs: number;
  /** When the work on it began, where it waited first; and when it ended. */
  startedMs: number | null;
  endedMs: number | null;
  /** Where it stands, where it stands anywhere. */
  status: string | null;
  /** A name for people: a file's, a job's, an event's type, what a delivery tells and by which channel. */
  name: string;
}

/** A step with its row's number, in the order of which those of a trace are found without reading the others. */
export interface NumberedStep extends Step {
  number: number;
}

export interface Trace {
  /** In the order of time. */
  steps: Step[];
  /** Of each kind that goes on, where. */
  nextCursors: Partial<Record<StepKind, string>>;
}

const delivery = sql`SELECT 'delivery' AS kind, d.delivery_id AS id, d.created_at AS atMs,
  NULL AS startedMs, d.ended_at AS endedMs, d.status, d.channel || ' ' || d.type AS name, 0 AS number`;

/** Of a trace, those of a kind after a row's number; each table's index of traces ends with that number. */
function sourceOf(kind: StepKind, programId: string, traceId: string, after: number): SQL {
  // The plus: found by the trace, of which there are few, and then seen to be the program's.
  const ofTrace = (table: string) =>
    sql`${sql.raw(table)} WHERE trace_id = ${traceId} AND trace_id <> '' AND +program_id = ${programId}
      AND rowid > ${after} ORDER BY rowid`;
  switch (kind) {
    case 'file':
      return sql`SELECT 'file' AS kind, version_id AS id, created_at AS atMs, NULL AS startedMs,
        created_at AS endedMs, NULL AS status, folder || '/' || filename AS name, rowid AS number
        FROM ${ofTrace('file_versions')}`;
    case 'job':
      return sql`SELECT 'job' AS kind, job_id AS id, queued_at AS atMs, started_at AS startedMs,
        finished_at AS endedMs, status, job || ' ' || filename AS name, rowid AS number FROM ${ofTrace('jobs')}`;
    case 'event':
      return sql`SELECT 'event' AS kind, event_id AS id, received_at AS atMs, NULL AS startedMs,
        received_at AS endedMs, CASE WHEN deleted_at IS NULL THEN 'published' ELSE 'deleted' END AS status,
        event_type AS name, rowid AS number FROM ${ofTrace('events')}`;
    case 'sync':
      return sql`SELECT 'sync' AS kind, sync_id AS id, opened_at AS atMs, NULL AS startedMs,
        ended_at AS endedMs, state AS status, publisher_id AS name, rowid AS number FROM ${ofTrace('syncs')}`;
    case 'export':
      return sql`SELECT 'export' AS kind, run_id AS id, started_at AS atMs, NULL AS startedMs,
        ended_at AS endedMs, status, local_date AS name, rowid AS number FROM ${ofTrace('export_runs')}`;
    case 'request':
      return sql`SELECT 'request' AS kind, request_id AS id, requested_at AS atMs, NULL AS startedMs,
        (SELECT CASE WHEN sum(s.ended_at IS NULL) = 0 THEN max(s.ended_at) END FROM flow_request_sources AS s
          WHERE s.request_id = flow_requests.request_id) AS endedMs,
        NULL AS status, 'flow ' || flow_id AS name, rowid AS number FROM ${ofTrace('flow_requests')}`;
    case 'delivery':
      throw new Error('deliveries have no such index');
  }
}

/** The deliveries of a trace that go to no endpoint: they have an index of traces. */
const directAfter = (programId: string, traceId: string, after: string) =>
  sql`${delivery} FROM deliveries AS d INDEXED BY deliveries_direct_trace
    WHERE d.program_id = ${programId} AND d.trace_id = ${traceId} AND d.endpoint_id = ''
      AND d.delivery_id > ${after} ORDER BY d.delivery_id`;

/** D1 takes five parts of a compound SELECT at most. */
function ask(ctx: Ctx, limit: number, ...sources: SQL[]): Promise<NumberedStep[]> {
  const parts = sources.map((source) => sql`SELECT * FROM (${source} LIMIT ${limit})`);
  return ctx.db.all<NumberedStep>(sql.join(parts, sql` UNION ALL `));
}

const byNumber = (a: NumberedStep, b: NumberedStep) => a.number - b.number;
const inTime = (steps: Step[]) => steps.sort((a, b) => a.atMs - b.atMs || a.id.localeCompare(b.id));

/** The first so many of each kind that one file, event or request became. */
export async function followTrace(
  ctx: Ctx,
  programId: string,
  traceId: string,
  limit: number,
): Promise<Trace> {
  const source = (kind: StepKind) => sourceOf(kind, programId, traceId, 0);
  const [most, others] = await Promise.all([
    ask(ctx, limit + 1, ...(['file', 'job', 'event', 'sync', 'export'] as const).map(source)),
    ask(ctx, limit + 1, source('request'), directAfter(programId, traceId, '')),
  ]);
  const found = [...most, ...others];
  const nextCursors: Trace['nextCursors'] = {};
  const steps = stepKinds.flatMap((kind) => {
    const ofKind = found.filter((step) => step.kind === kind).sort(byNumber);
    const kept = ofKind.slice(0, limit);
    if (kind !== 'delivery' && ofKind.length > limit)
      nextCursors[kind] = encodeCursor([kept.at(-1)?.number ?? 0]);
    return kept;
  });
  const told = await deliveriesAfter(ctx, { programId, traceId, limit }, null, found);
  if (told.next !== null) nextCursors.delivery = told.next;
  return { steps: inTime([...steps.filter(({ kind }) => kind !== 'delivery'), ...told.steps]), nextCursors };
}

/** The next so many of one kind; throws `cursor_invalid` for a cursor of another list. */
export async function followKind(
  ctx: Ctx,
  programId: string,
  traceId: string,
  page: { kind: StepKind; cursor: string | undefined; limit: number },
): Promise<Trace> {
  const { kind, cursor, limit } = page;
  if (kind === 'delivery') {
    const told = await deliveriesAfter(ctx, { programId, traceId, limit }, cursor ?? null);
    return { steps: inTime(told.steps), nextCursors: told.next === null ? {} : { delivery: told.next } };
  }
  const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number')[0];
  const rows = (await ask(ctx, limit + 1, sourceOf(kind, programId, traceId, after))).sort(byNumber);
  const kept = rows.slice(0, limit);
  const next = rows.length > limit ? encodeCursor([kept.at(-1)?.number ?? 0]) : null;
  return { steps: inTime(kept), nextCursors: next === null ? {} : { [kind]: next } };
}

const dayMs = 86_400_000;
const timeText = (atMs: number) => newId('dlv', atMs).slice(4, 14);

/** The deliveries to endpoints that tell of nights: of when each has arrived, under an id of that time. */
function ofNightsAfter(programId: string, traceId: string, nights: Step[], after: string): SQL {
  const from = `dlv_${timeText(Math.min(...nights.map(({ atMs }) => atMs)))}`;
  const until = `dlv_${timeText(Math.max(...nights.map(({ atMs }) => atMs)) + dayMs)}`;
  return sql`${delivery} FROM deliveries AS d WHERE d.program_id = ${programId}
    AND d.delivery_id > ${after > from ? after : from} AND d.delivery_id < ${until}
    AND d.trace_id = ${traceId} AND d.endpoint_id <> '' AND d.about GLOB 'run_*' ORDER BY d.delivery_id`;
}

/**
 * Deliveries in three parts, one after the other: to no endpoint, to endpoints of nights, to endpoints of all
 * else. A cursor names the part, the last delivery, and of the third how far it has come (see `Place`).
 */
async function deliveriesAfter(
  ctx: Ctx,
  of: { programId: string; traceId: string; limit: number },
  cursor: string | null,
  found?: NumberedStep[],
): Promise<{ steps: Step[]; next: string | null }> {
  const { programId, traceId, limit } = of;
  const [part, last, upTo, ...read] =
    cursor === null
      ? ([0, '', '', 0, 0, 0, 0] as const)
      : decodeCursor(cursor, 'number', 'string', 'string', 'number', 'number', 'number', 'number');
  const steps: NumberedStep[] = [];
  const goesOn = (which: number, rows: NumberedStep[]): string | null => {
    const left = limit - steps.length;
    const sorted = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    steps.push(...sorted.slice(0, left));
    const from = left > 0 ? (steps.at(-1)?.id ?? '') : '';
    return rows.length > left ? encodeCursor([which, from, '', 0, 0, 0, 0]) : null;
  };
  if (part === 0) {
    const direct =
      found?.filter(({ kind }) => kind === 'delivery') ??
      (await ask(ctx, limit + 1, directAfter(programId, traceId, last)));
    const next = goesOn(0, direct);
    if (next !== null) return { steps, next };
  }
  if (part <= 1) {
    const nights =
      found?.filter(({ kind }) => kind === 'export') ??
      (await ask(ctx, readAtOnce, sourceOf('export', programId, traceId, 0)));
    const after = part === 1 ? last : '';
    const told =
      nights.length === 0
        ? []
        : await ask(ctx, limit - steps.length + 1, ofNightsAfter(programId, traceId, nights, after));
    const next = goesOn(1, told);
    if (next !== null) return { steps, next };
  }
  const place: Place = { last: part === 2 ? last : '', upTo, read: [...read] };
  const told = await toldAfter(ctx, { ...of, limit: limit - steps.length }, place, {
    delivery,
    sourceOf: (kind, after) => sourceOf(kind, programId, traceId, after),
    ask: (atMost, ...sources) => ask(ctx, atMost, ...sources),
    ...(found === undefined || limit !== readAtOnce ? {} : { found }),
  });
  steps.push(...told.steps);
  const { next } = told;
  return { steps, next: next === null ? null : encodeCursor([2, next.last, next.upTo, ...next.read]) };
}
