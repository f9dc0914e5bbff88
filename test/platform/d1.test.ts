import { describe, expect, it } from 'vitest';
import { isTransient } from '../../src/platform/d1.ts';

/** As Drizzle throws it: its own message with the statement's parameters, and the database's as the cause. */
const queryFailed = (message: string, params = '') =>
  new Error(`Failed query: insert into "jobs" values (?)\nparams: ${params}`, {
    cause: new Error(`D1_ERROR: ${message}`, { cause: new Error(message) }),
  });

describe('isTransient', () => {
  it.each([
    'Failed to get session commit token: internal error; reference = k1ehb9jek39qca5sl6g0e0t6',
    'Internal error in D1 DB storage caused object to be reset.',
    'D1 DB is overloaded. Requests queued for too long.',
    'D1 DB storage operation exceeded timeout which caused object to be reset.',
    'Cannot resolve D1 DB due to transient issue on remote node.',
    'Network connection lost.',
    'database is locked: SQLITE_BUSY',
  ])('is true for what passes by itself: %s', (message) => {
    expect(isTransient(queryFailed(message))).toBe(true);
    expect(isTransient(new Error(`D1_ERROR: ${message}`))).toBe(true);
  });

  it.each(['UNIQUE constraint failed: jobs.job_id: SQLITE_CONSTRAINT', 'no such table: jobs: SQLITE_ERROR'])(
    'is false for what a statement did wrong, whatever its parameters say: %s',
    (message) => {
      expect(isTransient(queryFailed(message, 'timed out, internal error, database is locked'))).toBe(false);
    },
  );
});
