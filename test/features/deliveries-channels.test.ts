import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Ctx } from '../../src/context.ts';
import { postSigned } from '../../src/features/deliveries/channels.ts';
import { openDatabase } from '../../src/platform/d1.ts';

/** A database that knows no row. */
const empty = () => {
  const statement = { bind: () => statement, all: async () => ({ results: [] }), raw: async () => [] };
  return openDatabase({ prepare: () => statement } as unknown as D1Database);
};

describe('a signed call', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is not made where no secret is left to sign with', async () => {
    const fetched = vi.fn(async () => new Response('taken'));
    vi.stubGlobal('fetch', fetched);
    const ctx = {
      db: empty(),
      now: () => Date.now(),
      wallNow: () => Date.now(),
      outbound: { allowLoopback: false, ownHosts: [], resolve: null, now: () => Date.now() },
    } as unknown as Ctx;
    const call = { url: 'https://school.example/done', headers: {}, programId: 'p', secretPurpose: 'whk_1' };
    const message = { messageId: 'msg_1', body: '{}', signedAtMs: Date.now() };
    const result = await postSigned(ctx, call, message);
    expect(result).toMatchObject({ failure: 'connect', final: 'refused', uncertain: false });
    expect(result.detail).toContain('no secret to sign with');
    expect(fetched).not.toHaveBeenCalled();
  });
});
