export { jobsLifecycle } from './lifecycle.ts';
export { jobsRemedy } from './retry-all.ts';
export { startOnDrop } from './start-on-drop.ts';
export { sweepJobs } from './sweep.ts';
