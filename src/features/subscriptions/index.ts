export { checkedTemplate, readEnabled } from './create.ts';
export { type SubscriptionPatch, subscriptionPatch } from './schema.ts';
export {
  type EventReceiver,
  findSubscription,
  lastSyncAt,
  listSubscriptions,
  movePullCursors,
  /** @public for the synchronisation. */
  moveSyncCursor,
  removeSubscription,
  type Subscription,
  setCursors,
  subscriptionsLifecycle,
  updateSubscription,
  watchedSubscription,
} from './store.ts';
export type { Routing } from './table.ts';
export {
  type CompiledTemplate,
  /** @public for the synchronisation. */
  compilePayloadTemplate,
  isImported,
  type Mapping,
  /** @public for the synchronisation. */
  matchCategory,
  /** @public for the synchronisation. */
  openPayloadTemplate,
  routingOf,
  templateTag,
} from './template.ts';
export { findVersion, findVersionAt, keepVersion, listVersions } from './versions.ts';
