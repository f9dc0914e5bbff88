import { fillPlaceholders, type SQL } from 'drizzle-orm';
import { SQLiteAsyncDialect } from 'drizzle-orm/sqlite-core';
import { commit, type Database, type Statement } from './d1.ts';

const dialect = new SQLiteAsyncDialect();

/**
 * A statement whose text is made once, at its first use, and bound each time: for those that every event and
 * every delivery runs, where building the text anew is a good part of the work. What changes from run to run
 * stands in it as `sql.placeholder(name)`.
 */
export function prepared(
  build: () => SQL,
): (db: Database, values: Record<string, string | number | null>) => Statement {
  let text: string | undefined;
  let params: unknown[] = [];
  return (db, values) => {
    if (text === undefined) {
      const built = dialect.sqlToQuery(build());
      text = terse(built.sql);
      params = built.params;
    }
    return new Bound(db, text, fillPlaceholders(params, values)) as unknown as Statement;
  };
}

/**
 * Each run sends the text, which is copied and parsed along its way: the spaces are for who reads it here. Throws
 * on a comment, which would take what follows it on one line with it.
 */
function terse(text: string): string {
  const parts = text.split(/('(?:[^']|'')*')/);
  if (parts.some((part, i) => i % 2 === 0 && /--|\/\*/.test(part)))
    throw new Error('A prepared statement takes no comments.');
  return parts
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/\s+/g, ' ').replace(/ ?([(),=<>|]) ?/g, '$1')))
    .join('');
}

/** As `commit` takes it, among Drizzle's own; awaited, it runs alone. */
class Bound implements PromiseLike<unknown> {
  readonly #db: Database;
  readonly #query: { sql: string; params: unknown[] };

  constructor(db: Database, text: string, params: unknown[]) {
    this.#db = db;
    this.#query = { sql: text, params };
  }

  _prepare(): this {
    return this;
  }

  getQuery(): { sql: string; params: unknown[] } {
    return this.#query;
  }

  // biome-ignore lint/suspicious/noThenProperty: a statement that is awaited runs, as Drizzle's do.
  then<A, B>(
    done?: ((value: unknown) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return commit(this.#db, [this as unknown as Statement]).then(done, failed);
  }
}
