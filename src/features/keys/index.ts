export {
  claimIdempotencyKey,
  completeIdempotencyKey,
  pruneIdempotencyKeys,
  releaseIdempotencyKey,
} from './idempotency.ts';
export {
  endSession,
  type Opener,
  openerByAccess,
  openerOf,
  openSession,
  type Session,
} from './sessions.ts';
export { keysLifecycle } from './store.ts';
