import type { BatchItem } from 'drizzle-orm/batch';
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1';

export type Database = DrizzleD1Database & { $client: D1Database };

/** A write that has not run yet. Verbs await one, or compose several with `commit`. */
export type Statement = BatchItem<'sqlite'>;

export function openDatabase(binding: D1Database): Database {
  return drizzle(binding);
}

/** How many rows each statement changed. */
export type Committed = { changes: number }[];

/** What Drizzle's builders and raw statements have in common beneath their public types. */
interface Built {
  _prepare(): { getQuery(): { sql: string; params: unknown[] } };
}

/**
 * Runs statements in one transaction, in order; one that fails undoes all. An empty list does nothing.
 * Drizzle's own `batch` cannot bind the parameters of raw SQL on D1 (0.45.4), hence the binding here.
 */
export async function commit(db: Database, statements: Statement[]): Promise<Committed> {
  if (statements.length === 0) return [];
  const bound = statements.map((statement) => {
    const { sql, params } = (statement as unknown as Built)._prepare().getQuery();
    return db.$client.prepare(sql).bind(...params);
  });
  const results = await db.$client.batch(bound);
  results.forEach((result, i) => {
    const statement = statements[i];
    if (statement && result.results.length > 0) returned.set(statement, result.results);
  });
  return results.map((result) => ({ changes: result.meta.changes }));
}

const returned = new WeakMap<Statement, unknown[]>();

/** The rows that a committed statement with a RETURNING clause gave back; none before its commit. */
export function rowsOf(statement: Statement): unknown[] {
  return returned.get(statement) ?? [];
}

/** Bytes of the database, as it says with every answer; 0 where it does not say. */
export async function databaseBytes(db: Database): Promise<number> {
  const { meta } = await db.$client.prepare('SELECT 1').run();
  return meta.size_after ?? 0;
}

/** True when a unique key refused the write. */
export function isUniqueViolation(error: unknown): boolean {
  return messages(error).some((text) => /UNIQUE constraint failed/i.test(text));
}

/** True when a column (`table.column`) that must hold something refused the write. */
export function isNullViolation(error: unknown, column: string): boolean {
  return messages(error).some((text) => text.includes(`NOT NULL constraint failed: ${column}`));
}

/**
 * True for faults of the database service that pass by themselves; writes are ours to repeat. What is wrong
 * with a statement is said in SQLite's words; a storage that fails, as the local one over a locked file, says
 * no more than `internal error` (D1, "Debug D1", "Error list").
 */
export function isTransient(error: unknown): boolean {
  // Drizzle's own message holds the statement and its parameters, which may say anything.
  return messages(error).some((text) => !text.startsWith('Failed query:') && transient.test(text));
}

const transient = new RegExp(
  [
    'network connection lost',
    'caused object to be reset',
    'reset because its code was updated',
    'transient issue',
    'overloaded',
    'timed? ?out',
    'database is locked',
    'SQLITE_(BUSY|LOCKED|IOERR|FULL)',
    'internal error',
    'failed to parse body as JSON',
  ].join('|'),
  'i',
);

function messages(error: unknown): string[] {
  const found: string[] = [];
  for (let at = error; at instanceof Error && found.length < 5; at = at.cause) found.push(at.message);
  return found;
}
