import { wrap } from './statements.ts';

type Value = string | number | boolean | null;

/**
 * The binding, for one page: a read with the same values runs once, and who asks again gets its answer. A page
 * is put together from several answers of the API, each of which looks for the thing that all are about.
 * Whatever else runs forgets them.
 */
export function rememberReads(binding: D1Database): D1Database {
  const answers = new Map<string, Promise<unknown>>();
  const originals = new WeakMap<object, D1PreparedStatement>();
  const once = <T>(id: string | null, ask: () => Promise<T>): Promise<T> => {
    if (id === null) {
      answers.clear();
      return ask();
    }
    const known = answers.get(id) as Promise<T> | undefined;
    if (known) return known;
    const asked = ask();
    answers.set(id, asked);
    asked.catch(() => answers.delete(id));
    return asked;
  };
  const remembered = (
    statement: D1PreparedStatement,
    sql: string,
    values: unknown[],
  ): D1PreparedStatement => {
    const isRead = /^\s*select/i.test(sql) && values.every(isPlain);
    const id = (how: string) => (isRead ? JSON.stringify([how, sql, values]) : null);
    const made = wrap(statement, {
      bind: (...bound: unknown[]) => remembered(statement.bind(...bound), sql, bound),
      all: () => once(id('all'), () => statement.all()),
      raw: (options?: { columnNames?: false }) => once(id('raw'), () => statement.raw(options)),
      run: () => once(null, () => statement.run()),
    });
    originals.set(made, statement);
    return made;
  };
  return wrap(binding, {
    prepare: (sql: string) => remembered(binding.prepare(sql), sql, []),
    batch: (statements: D1PreparedStatement[]) =>
      once(null, () => binding.batch(statements.map((one) => originals.get(one) ?? one))),
  });
}

const isPlain = (value: unknown): value is Value => value === null || typeof value !== 'object';
