export { changesBetween } from './difference.ts';
export { actorName, recordAudit } from './record.ts';
export { auditLifecycle } from './store.ts';
