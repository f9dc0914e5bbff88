export { claimIdempotencyKey, completeIdempotencyKey, releaseIdempotencyKey } from './idempotency.ts';
export { keysLifecycle } from './store.ts';
export { pruneIdempotencyKeys } from './idempotency.ts';
