export {
  type Announced,
  type Announcement,
  announce,
  /** @public for the event hub, which publishes many at once. */
  announceAll,
} from './announce.ts';
export { deliveryPrefix } from './announced.ts';
export { emailChannel, pingChannel, webhookChannel } from './channels.ts';
export { attemptDelivery, startDeliveries, sweepDeliveries } from './deliver.ts';
export { sweepRecoveries } from './endpoints/recover.ts';
export { countOfMessages, countOnTheirWay, listDeliveriesAbout, listDeliveriesOfMessages } from './ledger.ts';
export { deliveriesLifecycle } from './lifecycle.ts';
export { presentDelivery } from './present.ts';
export { alertType } from './problems.ts';
export { deliveriesRemedy } from './remedy.ts';
export { retryDelivery } from './retry.ts';
export { deliveryOut } from './schema.ts';
export {
  insertDeliveriesFrom,
  insertDelivery,
  type NewDelivery,
  rearmDelivery,
} from './store.ts';
