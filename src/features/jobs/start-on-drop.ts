import type { OnFileStored } from '../../context.ts';
import { newId } from '../../platform/ids.ts';
import { raiseAttention } from '../attention/index.ts';
import { recordAudit } from '../audit/index.ts';
import { tasksStartedBy } from '../tasks/index.ts';
import { hasRoom, queuedJob } from './call.ts';
import { insertJob, joinRecipient } from './store.ts';

/**
 * The jobs that a dropped file starts: rows of the transaction that stores the file, which happens once for
 * each version, so that there is one job per drop however often the drop is told of.
 */
export const startOnDrop: OnFileStored = async (ctx, file) => {
  const { programId, folder, filename, versionId } = file;
  const started = await tasksStartedBy(ctx, programId, folder, filename);
  if (started.length === 0) return { statements: [], committed: () => {} };
  if (!(await hasRoom(ctx, programId))) {
    const problem = raiseAttention(ctx, {
      programId,
      kind: 'drop_not_started',
      subject: `${folder}/${filename}`,
      audience: 'both',
      message: `"${filename}" was stored, but its job was not started: the hub has no room for more records.`,
      nextStep: 'Call the job when staff have made room.',
    });
    return { statements: [problem], committed: () => {} };
  }
  const at = ctx.now();
  const jobIds: string[] = [];
  const statements = started.flatMap((task) => {
    const jobId = newId('job', at);
    jobIds.push(jobId);
    const of = { programId, job: task.job, versionId };
    const { emails = [], webhook = null } = task.definition.startOnDrop ?? {};
    const recipients = [
      ...emails.map((target) => ({ channel: 'email' as const, target })),
      ...(webhook === null ? [] : [{ channel: 'webhook' as const, target: webhook }]),
    ];
    return [
      insertJob(ctx, queuedJob(ctx, jobId, task, file)),
      ...recipients.map((to) => joinRecipient(ctx, of, { ...to, deliveryId: newId('dlv', at) })),
      recordAudit(ctx, {
        programId,
        action: 'job.started_on_drop',
        target: jobId,
        detail: { job: task.job, versionId },
      }),
    ];
  });
  const messages = jobIds.map((jobId) => ({ type: 'job' as const, jobId }));
  return { statements, committed: () => ctx.after(ctx.queues.ingest.send(messages)) };
};
