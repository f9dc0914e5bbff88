/** A statement as it ran, and the rows that the database says it read; for tests. */
export interface RanStatement {
  sql: string;
  rowsRead: number;
}

const ran: RanStatement[] = [];
let isWatched = false;
const keptAtMost = 1_000;

/** Begins to watch this isolate's statements, or ends it; answers those since it began. */
export function watchStatements(watch: boolean): RanStatement[] {
  isWatched = watch;
  return ran.splice(0);
}

const originals = new WeakMap<object, { statement: D1PreparedStatement; sql: string }>();

/** The binding, whose statements can be watched. Development's alone: a watched read is made twice. */
export function watchable(binding: D1Database): D1Database {
  return wrap(binding, {
    prepare: (sql: string) => watchedStatement(binding.prepare(sql), sql),
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await binding.batch(statements.map((one) => originals.get(one)?.statement ?? one));
      for (const [at, { meta }] of results.entries())
        note(originals.get(statements[at] as object)?.sql ?? '', meta.rows_read);
      return results;
    },
  });
}

function watchedStatement(statement: D1PreparedStatement, sql: string): D1PreparedStatement {
  const watched = wrap(statement, {
    bind: (...values: unknown[]) => watchedStatement(statement.bind(...values), sql),
    all: () => tell(sql, statement.all()),
    run: () => tell(sql, statement.run()),
    raw: async (options?: { columnNames?: false }) => {
      // Its answer does not say how much was read; only what changes nothing can be asked again.
      if (isWatched && /^\s*select/i.test(sql)) await tell(sql, statement.all());
      return statement.raw(options);
    },
  });
  originals.set(watched, { statement, sql });
  return watched;
}

async function tell<T extends D1Result>(sql: string, result: Promise<T>): Promise<T> {
  const answer = await result;
  note(sql, answer.meta.rows_read);
  return answer;
}

function note(sql: string, rowsRead: number): void {
  if (isWatched && ran.length < keptAtMost) ran.push({ sql, rowsRead });
}

/** What it wraps, with some of its members changed. */
export function wrap<T extends object>(of: T, changed: object): T {
  return new Proxy(of, {
    get(target, name) {
      if (Object.hasOwn(changed, name)) return Reflect.get(changed, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
