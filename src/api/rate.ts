import type { Context } from 'hono';
import type { ApiEnv } from '../http.ts';
import { AppError } from '../platform/errors.ts';

/** As `wrangler.toml` declares `API_RATE`; a test compares the two. */
export const rateQuota = 1_200;
const ratePeriodSeconds = 60;

/** Counts a request of a key, or of an address where there is no key that is known. Throws `rate_limited`. */
export async function checkRate(c: Context<ApiEnv>): Promise<void> {
  const { actor, config } = c.get('ctx');
  if (config.RATE_LIMIT === 'off') return;
  const who =
    actor.kind === 'system' || actor.kind === 'program'
      ? actor.keyId
      : (c.req.header('cf-connecting-ip') ?? 'unknown');
  const { success } = await c.env.API_RATE.limit({ key: who });
  if (success) return;
  throw new AppError(
    'rate_limited',
    'Too many requests with this key. Wait a minute, then go on more slowly.',
    {
      headers: {
        'retry-after': String(ratePeriodSeconds),
        // draft-ietf-httpapi-ratelimit-headers: quota and window of the policy "key".
        'ratelimit-policy': `"key";q=${rateQuota};w=${ratePeriodSeconds}`,
      },
    },
  );
}
