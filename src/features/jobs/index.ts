export { jobsLifecycle } from './lifecycle.ts';
export { sweepJobs } from './sweep.ts';
