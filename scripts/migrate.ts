import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { parse } from 'smol-toml';

const ownRoot = fileURLToPath(new URL('..', import.meta.url));

/** What is asked of a D1 database here. */
interface Database {
  prepare(sql: string): {
    bind(...values: unknown[]): ReturnType<Database['prepare']>;
    all<T>(): Promise<{ results: T[] }>;
  };
  batch(statements: ReturnType<Database['prepare']>[]): Promise<unknown>;
}

// As `wrangler d1 migrations` keeps it, which may go on where this ended, and the other way round.
const book = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/**
 * Applies each migration that the database has not seen yet, in one batch with its line in `d1_migrations`. The
 * runtime ends a connection that idles for seconds, on a busy machine while the next call is written to it: the
 * book says what was applied before, and the rest is applied anew.
 */
export async function applyMigrations(db: Database, root = ownRoot): Promise<void> {
  for (let left = 5; ; left--) {
    try {
      return await applyUnseen(db, root);
    } catch (error) {
      if (left === 0 || !(error instanceof TypeError && error.message === 'fetch failed')) throw error;
    }
  }
}

async function applyUnseen(db: Database, root: string): Promise<void> {
  await db.prepare(book).all();
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>();
  const seen = new Set(results.map((row) => row.name));
  const folder = join(root, 'migrations');
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.sql') || seen.has(name)) continue;
    const statements = readFileSync(join(folder, name), 'utf8').split('--> statement-breakpoint');
    const line = db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name);
    await db.batch([...statements.map((statement) => db.prepare(statement)), line]);
  }
}

/**
 * Migrates the local database that `wrangler dev --persist-to stateDir` serves. `wrangler d1 migrations apply`
 * would do; it starts a runtime for each migration, which costs a second of CPU time every time.
 */
export async function migrateLocal(stateDir: string, root = ownRoot): Promise<void> {
  const config = parse(readFileSync(join(root, 'wrangler.toml'), 'utf8')) as unknown as {
    d1_databases: [{ database_id: string }];
  };
  const options = convertV4MiniflareOptions({
    ...{ modules: true, script: 'export default {}', compatibilityDate: '2026-10-01' },
    d1Databases: { DB: config.d1_databases[0].database_id },
    log: new Log(LogLevel.ERROR),
  });
  const runtime = new Miniflare({ ...options, resourcePersistencePath: join(stateDir, 'v3') });
  try {
    await applyMigrations(await runtime.getD1Database('DB'), root);
  } finally {
    await runtime.dispose();
  }
}
