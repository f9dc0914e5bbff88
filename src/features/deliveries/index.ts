export { emailChannel, webhookChannel } from './channels.ts';
export { alertType, startDeliveries, sweepDeliveries } from './deliver.ts';
export { deliveriesLifecycle, insertDeliveriesFrom, insertDelivery, type NewDelivery } from './store.ts';
