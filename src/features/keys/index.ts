export { sealedDropKeys } from './drop-keys.ts';
export {
  claimIdempotencyKey,
  completeIdempotencyKey,
  pruneIdempotencyKeys,
  releaseIdempotencyKey,
} from './idempotency.ts';
export { keysLifecycle } from './store.ts';
