import type { HubClient, Job } from './client.ts';
import { check, DemoFailure } from './failures.ts';
import { count, type StepReport } from './print.ts';

const askEveryMs = 150;
/** A job that says nothing new for so long is stuck: the hub itself would have tried again by then. */
const silenceMs = 120_000;

/** Asks after the job until it has ended, and ends the demo if it did not succeed. */
export async function followJob(client: HubClient, jobId: string, report: StepReport): Promise<Job> {
  let last = '';
  let lastNewsAtMs = Date.now();
  for (;;) {
    const job = await client.get<Job>(`/api/jobs/${jobId}`);
    if (job.finishedAt !== null) {
      check(job.status === 'succeeded', `The job ${job.status}: ${job.message}${errorsOf(job)}`);
      return job;
    }
    check(job.status !== 'held', `The job is held and waits for a person: ${job.message}`);
    const { percent, rowsRead } = job.progress;
    const doing = job.phase ?? (job.waitingFor === null ? job.status : `waiting for ${job.waitingFor}`);
    report.progress(percent / 100, `${doing}, ${count(rowsRead)} rows`);
    const news = JSON.stringify([job.status, job.phase, job.attempt, job.progress]);
    if (news !== last) lastNewsAtMs = Date.now();
    last = news;
    if (Date.now() - lastNewsAtMs > silenceMs) {
      throw new DemoFailure(`The job stands still: ${doing} at ${percent} % in attempt ${job.attempt}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}

function errorsOf(job: Job): string {
  return job.errors
    .slice(0, 10)
    .map(
      ({ line, column, code, message }) =>
        `\n  line ${line}${column === null ? '' : `, ${column}`}: ${message} (${code})`,
    )
    .join('');
}
