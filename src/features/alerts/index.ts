export { sendAlerts } from './send.ts';
export { watchStorage } from './storage.ts';
