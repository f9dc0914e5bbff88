export { sendAlerts } from './send.ts';
