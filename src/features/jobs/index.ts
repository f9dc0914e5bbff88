export { jobsLifecycle } from './lifecycle.ts';
export { startOnDrop } from './start-on-drop.ts';
export { sweepJobs } from './sweep.ts';
