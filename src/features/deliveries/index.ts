export {
  type Announced,
  type Announcement,
  announce,
  /** @public for the event hub, which publishes many at once. */
  announceAll,
} from './announce.ts';
export { emailChannel, webhookChannel } from './channels.ts';
export { alertType, attemptDelivery, startDeliveries, sweepDeliveries } from './deliver.ts';
export {
  deliveriesLifecycle,
  insertDeliveriesFrom,
  insertDelivery,
  listDeliveriesOfTraces,
  type NewDelivery,
  rearmDelivery,
} from './store.ts';
