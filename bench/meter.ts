/** What a statement cost, as D1 says with its answer. */
type Note = (query: string, meta: D1Meta) => void;

/** A database that tells of each statement that was run or batched. */
export function metered(db: D1Database, note: Note): D1Database {
  const originals = new WeakMap<object, { statement: D1PreparedStatement; query: string }>();
  const wrap = (statement: D1PreparedStatement, query: string): D1PreparedStatement => {
    const told = async <T>(answer: Promise<D1Result<T>>) => {
      const result = await answer;
      note(query, result.meta);
      return result;
    };
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), query),
      all: () => told(statement.all()),
      run: () => told(statement.run()),
      raw: (options?: { columnNames?: false }) => statement.raw(options),
      first: (column?: string) => statement.first(column as string),
    } as unknown as D1PreparedStatement;
    originals.set(wrapped, { statement, query });
    return wrapped;
  };
  return {
    prepare: (query: string) => wrap(db.prepare(query), query),
    async batch(statements: D1PreparedStatement[]) {
      const known = statements.map((one) => originals.get(one) ?? { statement: one, query: '' });
      const results = await db.batch(known.map(({ statement }) => statement));
      for (const [i, { meta }] of results.entries()) note(known[i]?.query ?? '', meta);
      return results;
    },
    exec: (query: string) => db.exec(query),
  } as unknown as D1Database;
}
