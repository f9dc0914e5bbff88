import { ShortCache } from '../../platform/short-cache.ts';
import type { apiKeys } from './table.ts';

/**
 * Keys by their hash, remembered for five seconds: that long a revoked one may live in another isolate, as the
 * contract allows. Here it is forgotten with its end. Ends and expiries are judged at each use.
 */
export const knownKeys = new ShortCache<typeof apiKeys.$inferSelect | null>();
