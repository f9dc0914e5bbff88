import { type Placeholder, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit, rowsOf, type Statement } from '../../platform/d1.ts';
import { prepared } from '../../platform/prepared.ts';
import { ShortCache } from '../../platform/short-cache.ts';
import type { EventReceiver } from '../subscriptions/index.ts';

/** Who the publishers of a call are, and who hears of their events. */
export interface Relations {
  /** The named programs that there are, as their ids were first written. */
  programs: string[];
  /** Every subscription to one of them that is not suspended. */
  receivers: EventReceiver[];
  /** Those of the programs and their subscribers that have an endpoint. */
  listening: Set<string>;
  /** What all that was read from, in short. */
  stamp: string;
}

const known = new ShortCache<Relations | null>();

/** Publishers of one call whose relations are remembered; of more the key would be long, and seldom the same. */
const mostRemembered = 5;

/**
 * Runs the work with what was read of these programs within the last five seconds. Its commit begins with
 * `guard`, which undoes all of it where something has changed since; then it runs again with what is so now.
 * So a memory costs no event its receiver, and an event no look-up.
 */
export async function withRelations<T>(
  ctx: Ctx,
  programIds: string[],
  work: (relations: Relations, guard: Statement[]) => Promise<T>,
): Promise<T> {
  const folded = [...new Set(programIds.map((id) => id.toLowerCase()))].sort();
  if (folded.length > mostRemembered) return work(await readRelations(ctx, folded), []);
  const key = folded.join('|');
  let unknown: Relations | null = null;
  const relations =
    (await known.get(ctx.db, key, ctx.wallNow(), async () => {
      const read = await readRelations(ctx, folded);
      if (read.programs.length === folded.length) return read;
      // A program that is not there may be made at any moment, and a call that names it commits nothing.
      unknown = read;
      return null;
    })) ?? unknown;
  if (!relations) throw new Error('relations without an answer');
  try {
    return await work(relations, [guardOf(ctx, folded, relations.stamp)]);
  } catch (error) {
    if (!isStale(error)) throw error;
    known.forget(ctx.db, key);
    return work(await readRelations(ctx, folded), []);
  }
}

/** The same as it is now. `programIds` in lower case. */
export async function readRelations(ctx: Ctx, programIds: string[]): Promise<Relations> {
  const named = JSON.stringify(programIds);
  const from = related(named);
  const asked = [
    ctx.db.run(sql`${from} SELECT program_id AS programId FROM named`),
    ctx.db.run(sql`${related(named, sql`, s.publisher_id, s.routing`)}
      SELECT program_id AS programId, publisher_id AS publisherId, routing FROM heard`),
    ctx.db.run(sql`${from} SELECT c.program_id AS programId ${listening}`),
    ctx.db.run(sql`${from} SELECT ${stamp} AS stamp`),
  ] as const;
  await commit(ctx.db, [...asked]);
  const [programs, subscriptions, endpoints, stamps] = asked.map(rowsOf) as [
    { programId: string }[],
    { programId: string; publisherId: string; routing: string }[],
    { programId: string }[],
    { stamp: string }[],
  ];
  return {
    programs: programs.map(({ programId }) => programId),
    receivers: subscriptions.map((one) => ({ ...one, routing: JSON.parse(one.routing) })),
    listening: new Set(endpoints.map(({ programId }) => programId)),
    stamp: stamps[0]?.stamp ?? '',
  };
}

/**
 * `named`: those programs of a JSON list of ids in lower case that there are; `heard`: their subscriptions, with
 * some more columns.
 */
const related = (named: string | Placeholder, more = sql``) =>
  sql`WITH named AS (SELECT p.program_id FROM programs AS p
      WHERE p.folded_id IN (SELECT value FROM json_each(${named})) AND p.deleted_at IS NULL),
    heard AS (SELECT s.program_id, s.created_at, s.template_version${more}
      FROM named AS n CROSS JOIN subscriptions AS s
      WHERE s.publisher_id = n.program_id AND s.suspended_at IS NULL)`;

const listening = sql.raw(`FROM (SELECT program_id FROM named UNION SELECT program_id FROM heard) AS c
    WHERE EXISTS (SELECT 1 FROM webhook_endpoints AS e WHERE e.program_id = c.program_id AND e.deleted_at IS NULL)`);

/** Differs as soon as one of the above would read differently: a template's routing goes with its version. */
const stamp = sql`coalesce((SELECT group_concat(program_id) FROM named) || ';' ||
    coalesce((SELECT group_concat(program_id || ' ' || created_at || ' ' || template_version) FROM heard), '') || ';' ||
    coalesce((SELECT group_concat(c.program_id) ${listening}), ''), '')`;

const staleWord = 'relations_changed';

/** Fails, and so undoes the commit that it begins, where the stamp is another one now. */
function guardOf(ctx: Ctx, programIds: string[], read: string): Statement {
  return guardStamp(ctx.db, { named: JSON.stringify(programIds), read });
}

const guardStamp = prepared(
  () => sql`${related(sql.placeholder('named'))}
    SELECT CASE WHEN stamp IS ${sql.placeholder('read')} THEN 1 ELSE json('${sql.raw(staleWord)} ' || stamp) END
    FROM (SELECT ${stamp} AS stamp)`,
);

/** SQLite has no other way to fail in the midst of a SELECT than a function's refusal of its argument. */
function isStale(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if (/malformed JSON/i.test(at.message)) return true;
  return false;
}
