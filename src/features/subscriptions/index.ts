export { checkedTemplate, readEnabled } from './create.ts';
export { type SubscriptionPatch, subscriptionPatch } from './schema.ts';
export {
  type EventReceiver,
  findSubscription,
  lastSyncAt,
  listReceivers,
  listSubscriptions,
  movePullCursors,
  moveSyncCursor,
  removeSubscription,
  type Subscription,
  setCursors,
  subscriptionsLifecycle,
  updateSubscription,
} from './store.ts';
export {
  type CompiledTemplate,
  compilePayloadTemplate,
  isImported,
  type Mapping,
  matchCategory,
  openPayloadTemplate,
} from './template.ts';
