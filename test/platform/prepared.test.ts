import { sql } from 'drizzle-orm';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commit, type Database, openDatabase, rowsOf } from '../../src/platform/d1.ts';
import { prepared } from '../../src/platform/prepared.ts';

let server: Miniflare;
let db: Database;

beforeAll(async () => {
  const script = 'export default { fetch: () => new Response() }';
  server = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script,
      compatibilityDate: '2026-09-01',
      d1Databases: { DB: 'prepared' },
    }),
  );
  db = openDatabase((await server.getD1Database('DB')) as unknown as D1Database);
  await db.$client.exec('CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT)');
});

afterAll(() => server.dispose());

const insert = prepared(
  () => sql`INSERT INTO notes (name, text)
      VALUES (${sql.placeholder('name')}, 'It''s  a ( spaced ) , = text, for ' || ${sql.placeholder('name')})
    ON CONFLICT DO NOTHING
    RETURNING name, text`,
);

describe('prepared', () => {
  it('binds a value wherever it stands, and leaves literals as they are', async () => {
    const statement = insert(db, { name: 'ä' });
    expect(await commit(db, [statement])).toMatchObject([{ changes: 1 }]);
    expect(rowsOf(statement)).toEqual([{ name: 'ä', text: "It's  a ( spaced ) , = text, for ä" }]);
  });

  it('binds anew each time, beside statements of other kinds and in their order', async () => {
    const [first, second] = [insert(db, { name: 'one' }), insert(db, { name: 'two' })];
    const count = db.run(sql`SELECT count(*) AS count FROM notes WHERE name IN ('one', 'two')`);
    await commit(db, [first, count, second]);
    expect([first, count, second].map(rowsOf)).toMatchObject([
      [{ name: 'one' }],
      [{ count: 1 }],
      [{ name: 'two' }],
    ]);
  });

  it('is undone with the others of its commit', async () => {
    const clash = db.run(sql`INSERT INTO notes (name) VALUES ('one')`);
    await expect(commit(db, [insert(db, { name: 'three' }), clash])).rejects.toThrow(/UNIQUE/);
    const found = db.run(sql`SELECT name FROM notes WHERE name = 'three'`);
    await commit(db, [found]);
    expect(rowsOf(found)).toEqual([]);
  });

  it('runs alone where it is awaited', async () => {
    await insert(db, { name: 'alone' });
    const found = db.run(sql`SELECT name FROM notes WHERE name = 'alone'`);
    await commit(db, [found]);
    expect(rowsOf(found)).toEqual([{ name: 'alone' }]);
  });

  it('refuses a run without one of its values', () => {
    expect(() => insert(db, {})).toThrow(/name/);
  });

  it.each(['-- one line\n', '/* a part */'])('refuses a comment: %j', (comment) => {
    const commented = prepared(() => sql`SELECT '--', '/*' ${sql.raw(comment)} WHERE 1 = 0`);
    expect(() => commented(db, {})).toThrow(/comments/);
    const literal = prepared(() => sql`SELECT '--', '/*' WHERE 1 = 0`);
    expect(() => literal(db, {})).not.toThrow();
  });

  it('sends no more than it needs', () => {
    const { sql: text } = (
      insert(db, { name: 'x' }) as unknown as { getQuery(): { sql: string } }
    ).getQuery();
    expect(text).toBe(
      "INSERT INTO notes(name,text)VALUES(?,'It''s  a ( spaced ) , = text, for '||?)ON CONFLICT DO NOTHING RETURNING name,text",
    );
  });
});
