export { rotateDueDropKeys } from './rotate.ts';
export { dropsLifecycle, sealedDropKeys } from './store.ts';
