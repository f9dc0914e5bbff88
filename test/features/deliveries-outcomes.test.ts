import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AttemptResult, Ctx } from '../../src/context.ts';
import type { DueRow } from '../../src/features/deliveries/lanes.ts';
import { OutcomeRecorder } from '../../src/features/deliveries/outcomes.ts';
import { openDatabase } from '../../src/platform/d1.ts';

/** A database that knows no row, and refuses the first transactions; what it committed. */
function startDatabase(refusals: number) {
  const committed: string[] = [];
  let left = refusals;
  const prepare = (query: string) => {
    const statement = {
      query,
      bind: () => statement,
      all: async () => ({ results: [] }),
      raw: async () => [],
    };
    return statement;
  };
  const batch = async (statements: { query: string }[]) => {
    if (left-- > 0) throw new Error('D1_ERROR: internal error');
    committed.push(...statements.map(({ query }) => query));
    return statements.map(() => ({ results: [], meta: { changes: 1 } }));
  };
  return { committed, db: openDatabase({ prepare, batch } as unknown as D1Database) };
}

const refused: AttemptResult = {
  status: 503,
  failure: 'status',
  detail: 'Answered 503.',
  excerpt: '',
  retryAfter: null,
  uncertain: false,
};

const rowTo = (endpointId: string): DueRow => ({
  ...{ programId: 'p', deliveryId: `dlv_${endpointId}`, endpointId, type: 'job.failed', messageId: 'msg_1' },
  ...{
    body: '{}',
    traceId: '',
    about: '',
    status: 'pending',
    uncertain: false,
    attempts: 0,
    attemptsTotal: 0,
  },
});

const recorderOn = (db: Ctx['db']) => recorderWith(db).end;

function recorderWith(db: Ctx['db']) {
  const log = { line: () => undefined, error: () => undefined };
  const ctx = { db, log, now: () => Date.now(), wallNow: () => Date.now() } as unknown as Ctx;
  const recorder = new OutcomeRecorder(ctx, () => undefined);
  const end = async (endpointId: string, letGo: string) => {
    await recorder.during(async () => undefined);
    const counts = { fence: 0, attempts: 1, attemptsTotal: 1, lost: null };
    const when = { startedAt: Date.now(), durationMs: 1, target: null };
    const also = [ctx.db.run(sql`UPDATE lanes SET ${sql.raw(letGo)}`)];
    await recorder.add({ row: rowTo(endpointId), result: refused, ...counts, ...when }, also);
  };
  return { recorder, end };
}

describe('a lane', () => {
  it('is let go with the last outcome of its chunk', async () => {
    const { committed, db } = startDatabase(0);
    await recorderOn(db)('a', 'first = 1');
    expect(committed).toContain('UPDATE lanes SET first = 1');
  });

  it('is not let go where an outcome before could not be written, for what it sent is in doubt', async () => {
    const { committed, db } = startDatabase(1);
    const end = recorderOn(db);
    await expect(end('a', 'first = 1')).rejects.toThrow('internal error');
    await end('a', 'second = 1');
    await end('b', 'third = 1');
    const lanes = committed.filter((query) => query.startsWith('UPDATE lanes'));
    expect(lanes).toEqual(['UPDATE lanes SET third = 1']);
    expect(committed.filter((query) => query.startsWith('UPDATE deliveries'))).toHaveLength(2);
  });
});

describe('an outcome', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const committedOf = ({ committed }: { committed: string[] }) =>
    committed.filter((query) => query.startsWith('UPDATE deliveries')).length;

  it('waits a moment for one that was begun just now, and not for one that hangs', async () => {
    vi.useFakeTimers();
    for (const [hangsMs, isWaitedFor] of [
      [900, true],
      [1_100, false],
    ] as const) {
      const database = startDatabase(0);
      const { recorder, end } = recorderWith(database.db);
      void recorder.during(() => new Promise(() => undefined));
      await vi.advanceTimersByTimeAsync(hangsMs);
      void end('a', 'first = 1');
      await vi.advanceTimersByTimeAsync(30);
      expect(committedOf(database)).toBe(isWaitedFor ? 0 : 1);
      await vi.advanceTimersByTimeAsync(30);
      expect(committedOf(database)).toBe(1);
    }
  });
});
