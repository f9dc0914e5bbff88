export { takeUntold, type UntoldProblems } from './attention.system.ts';
export { attentionLifecycle, endAttention, endAttentionOf, raiseAttention } from './store.ts';
export type { Audience } from './table.ts';
