import { z } from '@hono/zod-openapi';
import type { Ctx } from '../context.ts';
import { createRouter, defineRoute, ok } from '../http.ts';
import { commit } from '../platform/d1.ts';
import { AppError } from '../platform/errors.ts';
import { SealError } from '../platform/seal.ts';

const resealedAtOnce = 100;

const resealRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'post',
    path: '/api/system/reseal',
    tags: ['Operating'],
    summary: 'Seal secrets under the first of SEAL_KEYS; call until `remaining` is false',
    responses: {
      200: ok(
        z
          .object({ keyId: z.string(), resealed: z.number().int(), remaining: z.boolean() })
          .openapi('Resealed'),
        'A bounded part was sealed anew.',
      ),
    },
  },
);

/** Its message names the key that is missing, and what it sealed: the operator's to put back. */
async function open(ctx: Ctx, row: { sealed: string; identity: string }): Promise<string> {
  try {
    return await ctx.sealer.open(row.sealed, row.identity);
  } catch (error) {
    if (error instanceof SealError) throw new AppError('conflict', error.message);
    throw error;
  }
}

export const systemRoutes = createRouter().openapi(resealRoute, async (c) => {
  const ctx = c.get('ctx');
  const keyId = ctx.sealer.currentKeyId;
  let resealed = 0;
  for (const column of ctx.registry.sealedColumns) {
    const rows = await column.list(ctx, keyId, resealedAtOnce - resealed);
    const sealed = await Promise.all(
      rows.map(async (row) => ({ row, again: await ctx.sealer.seal(await open(ctx, row), row.identity) })),
    );
    // Statements are thenable: one that an async function returned would have run by itself.
    await commit(
      ctx.db,
      sealed.map(({ row, again }) => row.write(again)),
    );
    resealed += rows.length;
    if (resealed >= resealedAtOnce) break;
  }
  return c.json({ keyId, resealed, remaining: resealed >= resealedAtOnce }, 200);
});
