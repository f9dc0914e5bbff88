import type { Ctx } from '../../../context.ts';
import { checkAnswers } from '../relay.ts';
import { listContacts } from './store.ts';

/** A relay that fell silent in the afternoon is seen before the night's files are due. */
const everyMs = 5 * 60_000;

/**
 * The minute's step: asks a relay on a host of its own that nothing has called for five minutes. A container,
 * which that would wake, is called by the night's files alone.
 */
export async function checkRelay(ctx: Ctx): Promise<number> {
  if (ctx.relay === null || ctx.config.RELAY_URL === undefined) return 0;
  const [latest] = await listContacts(ctx, 1);
  if (latest && Math.abs(ctx.now() - latest.until) < everyMs) return 0;
  await checkAnswers(ctx);
  return 1;
}
