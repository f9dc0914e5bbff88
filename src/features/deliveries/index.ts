export { type Announced, type Announcement, announce, announceAll } from './announce.ts';
export { emailChannel, webhookChannel } from './channels.ts';
export { alertType, startDeliveries, sweepDeliveries } from './deliver.ts';
export { deliveriesLifecycle, insertDeliveriesFrom, insertDelivery, type NewDelivery } from './store.ts';
