import type { Env } from '../src/env.ts';
import { continueRun } from '../src/features/exports/write.ts';
import { openContext } from '../src/open.ts';

// What bench/exports.ts runs inside the runtime: the hub's own code, over the hub's own tables.

const madeAtOnce = 20_000;

/** Learners' completions, made inside the database: 64-bit mixing of the row's number, so that values differ. */
const make = `WITH RECURSIVE n(i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
  INSERT INTO events (event_id, program_id, system_id, event_type, publisher_event_id, participant_id, data,
    start_at, received_at, trace_id)
  SELECT printf('evt_%026d', i), 'bench', '', 'courseCompletion', printf('%08x-27cb-5f72-90ff-%012x', i * 2654435761 & 4294967295, i),
    printf('learner.%d@school.example', i),
    json_object('id', printf('%08x-27cb-5f72-90ff-%012x', i * 2654435761 & 4294967295, i),
      'companyId', '3aabdfb8-3891-5011-ad35-8e2351c5fdaf',
      'notifiableId', printf('7670fdbe-15ed-504b-a680-%012x', i % 40),
      'title', CASE i % 4 WHEN 0 THEN 'New Student Orientation, "Fast Track"' ELSE 'Study Skills ' || (i % 40) END,
      'userDetail', json_object('id', printf('61149b2c-3f37-5032-be63-%012x', i), 'firstName', 'Ana' || (i % 97),
        'lastName', 'Sousa ' || (i % 89), 'externalCustomerId', CAST(111222333444 + i AS TEXT), 'sfContactId', NULL,
        'sfAccountId', NULL, 'client', '00f928f4-8718-5043-9164-32398b165c60', 'ref1', CAST(i AS TEXT),
        'ref2', 'Department ' || (i % 12), 'ref3', NULL)),
    1778791853103 + i, 1778791853103 + i, 'tra_bench' FROM n`;

async function prepare(env: Env, events: number): Promise<void> {
  const now = Date.now();
  await env.DB.prepare(
    `INSERT INTO programs (program_id, folded_id, name, time_zone, contacts, retention, nightly_sync, bucket, created_at, updated_at)
     VALUES ('bench', 'bench', 'bench', 'UTC', '{"emails":[],"webhook":null}', '{}', '{}', 'private-bench', ?1, ?1)`,
  )
    .bind(now)
    .run();
  for (let from = 0; from < events; from += madeAtOnce) {
    await env.DB.prepare(make)
      .bind(from, Math.min(from + madeAtOnce, events))
      .run();
  }
  for (const format of ['csv', 'json']) {
    await env.DB.prepare(
      `INSERT INTO exports (export_id, program_id, name, categories, types, format, host, port, username, directory,
        credentials, has_password, has_private_key, host_keys, mode, at_local_time, empty_day, guard_formulas, manifest,
        active, last_local_date, bound, next_due_at, due_zone, created_at, updated_at)
       VALUES ('exp_' || ?1, 'bench', ?1, '[]', '[]', ?1, '127.0.0.1', 22, 'bench', '', '', 1, 0, '[]', 'rename', '02:00',
        'skip', 0, 0, 0, '2026-05-14', 0, ?2, 'UTC', ?2, ?2)`,
    )
      .bind(format, now)
      .run();
    await env.DB.prepare(
      `INSERT INTO export_runs (run_id, export_id, program_id, local_date, time_zone, ends_at, after_sequence, last_sequence,
        status, wake_at, trace_id, message, started_at)
       VALUES ('run_' || ?1, 'exp_' || ?1, 'bench', '2026-05-14', 'UTC', ?2, 0, ?3, 'due', ?2, 'tra_bench', '', ?2)`,
    )
      .bind(format, now, events)
      .run();
  }
}

/** One message's part, as the queue would give it; true while there is more. */
async function write(env: Env, format: string): Promise<boolean> {
  const after: Promise<unknown>[] = [];
  const ctx = await openContext(env, {
    actor: { kind: 'hub', door: 'queue' },
    waitUntil: (work) => after.push(work),
  });
  const result = await continueRun(ctx, `run_${format}`, { pages: 600, steps: 100 });
  await Promise.all(after);
  return result === 'more';
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/sql') {
      for (const one of (await request.text()).split('--> statement-breakpoint'))
        await env.DB.prepare(one).run();
      return new Response('done');
    }
    if (pathname === '/prepare') {
      await prepare(env, Number(searchParams.get('events')));
      return new Response('done');
    }
    if (pathname === '/write') return Response.json(await write(env, searchParams.get('format') ?? ''));
    const file = await env.DB.prepare(
      'SELECT rows, size_bytes, object_key FROM export_files WHERE run_id = ?1',
    )
      .bind(`run_${searchParams.get('format')}`)
      .first<{ rows: number; size_bytes: number; object_key: string }>();
    if (pathname === '/file') return Response.json(file);
    const stored = await env.OBJECTS.get(file?.object_key ?? '');
    return new Response(stored?.body ?? null);
  },
} satisfies ExportedHandler<Env>;
