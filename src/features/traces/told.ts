import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { NumberedStep, StepKind } from './follow.ts';

// The ledger has no index of traces, which would cost a row with each delivery to an endpoint: those of a trace
// are found through what they tell of, for both ids begin with the same time. So a trace's steps are walked in
// the order in which they were written, and the deliveries of each time that they have are looked up once.

/** How far the walk has come. */
export interface Place {
  /** The last delivery given out of a time that has more; empty between two times. */
  last: string;
  /** The latest time, as ids have it, whose deliveries are all given out. */
  upTo: string;
  /** Of each kind below, the number of the row up to which steps are read. */
  read: number[];
}

interface Look {
  delivery: SQL;
  sourceOf(kind: StepKind, after: number): SQL;
  ask(atMost: number, ...sources: SQL[]): Promise<NumberedStep[]>;
  /** The first steps of each kind, where they are known already, one more than `readAtOnce`. */
  found?: NumberedStep[];
}

const kinds = ['job', 'sync', 'request', 'event'] as const;
/** Where steps of those kinds are, for one that was written after a later one. */
const tables = [
  ['jobs', 'job_id'],
  ['syncs', 'sync_id'],
  ['flow_requests', 'request_id'],
  ['events', 'event_id'],
] as const;

/** Steps of a kind that one look reads; and looks of one page, which may end short of its limit. */
export const readAtOnce = 200;
const looksOfPage = 2;

const timeOf = (step: NumberedStep) => step.id.slice(4, 14);

/** The next deliveries to endpoints, in the order of their ids; nights have their own (see `follow.ts`). */
export async function toldAfter(
  ctx: Ctx,
  of: { programId: string; traceId: string; limit: number },
  from: Place,
  look: Look,
): Promise<{ steps: NumberedStep[]; next: Place | null }> {
  const steps: NumberedStep[] = [];
  let place = from;
  for (let looks = 0; looks < looksOfPage; looks++) {
    const isStart = place.read.every((number) => number === 0);
    const found =
      isStart && look.found !== undefined
        ? look.found
        : await look.ask(readAtOnce + 1, ...kinds.map((kind, i) => look.sourceOf(kind, place.read[i] ?? 0)));
    const { times, read, isLast } = walk(found, place);
    const wanted = await unread(ctx, of, times, place);
    const left = of.limit - steps.length;
    const rows = wanted.length === 0 ? [] : await told(ctx, of, wanted, place.last, left + 1, look);
    steps.push(...rows.slice(0, left));
    if (rows.length > left)
      return { steps, next: { ...place, last: (left > 0 ? steps.at(-1)?.id : undefined) ?? place.last } };
    if (isLast) return { steps, next: null };
    place = { last: '', upTo: [place.upTo, ...times].sort().at(-1) ?? '', read };
  }
  return { steps, next: place };
}

/**
 * The times of the next steps of all kinds, so far as no kind that goes on could have an earlier one. Pure.
 */
function walk(found: NumberedStep[], { read }: Place): { times: string[]; read: number[]; isLast: boolean } {
  const ofKinds = kinds.map((kind) =>
    found.filter((step) => step.kind === kind).sort((a, b) => a.number - b.number),
  );
  const ends = ofKinds
    .filter((ofKind) => ofKind.length > readAtOnce)
    .map((ofKind) => ofKind.slice(0, readAtOnce).map(timeOf).sort().at(-1) ?? '');
  const [end] = ends.sort();
  const taken = ofKinds.map((ofKind) => {
    const kept = ofKind.slice(0, readAtOnce);
    const after = kept.findIndex((step) => end !== undefined && timeOf(step) > end);
    return after < 0 ? kept : kept.slice(0, after);
  });
  return {
    times: [...new Set(taken.flat().map(timeOf))].sort(),
    read: taken.map((ofKind, i) => ofKind.at(-1)?.number ?? read[i] ?? 0),
    isLast: end === undefined,
  };
}

/**
 * Those times whose deliveries were not given out yet. Steps are nearly always written in the order of their
 * ids; two requests of one trace at once may cross, and only then one looks back.
 */
async function unread(
  ctx: Ctx,
  { traceId }: { traceId: string },
  times: string[],
  { upTo, read }: Place,
): Promise<string[]> {
  const late = times.filter((time) => time < upTo);
  if (late.length === 0) return times.filter((time) => time > upTo);
  const before = tables.map(
    ([table, id], i) =>
      sql`t.value IN (SELECT substr(${sql.raw(id)}, 5, 10) FROM ${sql.raw(table)}
        WHERE trace_id = ${traceId} AND rowid <= ${read[i] ?? 0})`,
  );
  const known = await ctx.db.all<{ time: string }>(
    sql`SELECT t.value AS time FROM json_each(${JSON.stringify(late)}) AS t WHERE ${sql.join(before, sql` OR `)}`,
  );
  const seen = new Set(known.map(({ time }) => time));
  return times.filter((time) => time > upTo || (time < upTo && !seen.has(time)));
}

async function told(
  ctx: Ctx,
  { programId, traceId }: { programId: string; traceId: string },
  times: string[],
  last: string,
  atMost: number,
  { delivery }: Look,
): Promise<NumberedStep[]> {
  // Without an order of its own, so that it ends with the last row wanted: times in turn, ids within each.
  const rows = await ctx.db.all<NumberedStep>(
    sql`${delivery} FROM json_each(${JSON.stringify(times)}) AS t CROSS JOIN deliveries AS d
      WHERE d.program_id = ${programId} AND d.delivery_id > max('dlv_' || t.value, ${last})
        AND d.delivery_id < 'dlv_' || t.value || '{' AND d.trace_id = ${traceId} AND d.endpoint_id <> ''
        AND d.about NOT GLOB 'run_*' LIMIT ${atMost}`,
  );
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}
