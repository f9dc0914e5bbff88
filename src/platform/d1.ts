import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1';
import type { BatchItem } from 'drizzle-orm/batch';

export type Database = DrizzleD1Database & { $client: D1Database };

/** A write that has not run yet. Verbs await one, or compose several with `commit`. */
export type Statement = BatchItem<'sqlite'>;

export function openDatabase(binding: D1Database): Database {
  return drizzle(binding);
}

/** How many rows each statement changed. */
export type Committed = { changes: number }[];

/** Runs statements in one transaction, in order; one that fails undoes all. An empty list does nothing. */
export async function commit(db: Database, statements: Statement[]): Promise<Committed> {
  const [first, ...rest] = statements;
  if (!first) return [];
  const results: unknown[] = await db.batch([first, ...rest]);
  return results.map((result) => ({ changes: changesOf(result) }));
}

function changesOf(result: unknown): number {
  if (Array.isArray(result)) return result.length;
  const meta = (result as { meta?: { changes?: number } } | undefined)?.meta;
  return meta?.changes ?? 0;
}

/** True when a unique key refused the write. */
export function isUniqueViolation(error: unknown): boolean {
  return messages(error).some((text) => /UNIQUE constraint failed/i.test(text));
}

/** True for faults of the database service that pass by themselves; writes are ours to repeat. */
export function isTransient(error: unknown): boolean {
  return messages(error).some((text) =>
    /network connection lost|storage caused object to be reset|reset because its code was updated|overloaded|timed? ?out/i.test(
      text,
    ),
  );
}

function messages(error: unknown): string[] {
  const found: string[] = [];
  for (let at = error; at instanceof Error && found.length < 5; at = at.cause) found.push(at.message);
  return found;
}
