export { recordAudit } from './record.ts';
export { auditLifecycle } from './store.ts';
