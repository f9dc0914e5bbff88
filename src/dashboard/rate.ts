import type { Context } from 'hono';
import type { DoorEnv } from './door.tsx';

/** Counts a try to sign in, by where it comes from; false when there were too many. */
export async function mayTrySignIn(c: Context<DoorEnv>): Promise<boolean> {
  if (c.get('ctx').config.RATE_LIMIT === 'off') return true;
  const from = c.req.header('cf-connecting-ip') ?? 'unknown';
  const { success } = await c.env.API_RATE.limit({ key: `sign-in ${from}` });
  return success;
}
