import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Ctx } from '../../src/context.ts';
import { postSigned } from '../../src/features/deliveries/channels.ts';

describe('a signed call', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is not made where no secret is left to sign with', async () => {
    const fetched = vi.fn(async () => new Response('taken'));
    vi.stubGlobal('fetch', fetched);
    const ctx = {
      now: () => Date.now(),
      wallNow: () => Date.now(),
      outbound: { allowLoopback: false, ownHosts: [], resolve: null, now: () => Date.now() },
    } as unknown as Ctx;
    const call = { url: 'https://school.example/done', headers: {}, secrets: [] };
    const message = { messageId: 'msg_1', body: '{}', signedAtMs: Date.now() };
    const result = await postSigned(ctx, call, message);
    expect(result).toMatchObject({ failure: 'connect', final: 'refused', uncertain: false });
    expect(result.detail).toContain('no secret to sign with');
    expect(fetched).not.toHaveBeenCalled();
  });
});
