import type { Ctx, StoredFile } from '../../context.ts';
import { commit, databaseBytes } from '../../platform/d1.ts';
import { AppError, type InputIssue } from '../../platform/errors.ts';
import { idTime, newId } from '../../platform/ids.ts';
import { checkCallable } from '../../platform/outbound.ts';
import { recordAudit } from '../audit/index.ts';
import { findFile, requireFilename } from '../files/index.ts';
import { emailAddress } from '../programs/index.ts';
import { findTask, listJobNames, type Task } from '../tasks/index.ts';
import { type JobCallIn, noCounts } from './schema.ts';
import { findUnfinishedOfVersion, insertJob, type Job, joinRecipient, type NewJob } from './store.ts';

export interface Recipient {
  channel: 'email' | 'webhook';
  target: string;
}

const maxRecipients = 10;

/**
 * Accepts a job: pins the file's version, and commits the job with the intent to run it before anyone is
 * answered. The same version while its job is unfinished is that job again, and its addresses join it.
 */
export async function callJob(
  ctx: Ctx,
  programId: string,
  jobName: string,
  call: JobCallIn,
): Promise<{ job: Job; duplicate: boolean }> {
  const task = await findTask(ctx, programId, jobName);
  if (!task) throw await unknownJob(ctx, programId, jobName);
  if (typeof call.filename !== 'string' || call.filename.trim() === '') {
    throw new AppError('filename_required', 'Say which file to consume: "filename": "warehouse.csv".');
  }
  const filename = requireFilename(call.filename);
  const recipients = await readRecipients(ctx, call);
  const { folder } = task.definition;
  const file = await findFile(ctx, programId, folder, filename);
  if (!file) {
    throw new AppError(
      'file_not_found',
      `There is no file "${filename}" in the folder "${folder}". Drop it first.`,
    );
  }
  await requireRoom(ctx, programId);
  const at = ctx.now();
  const jobId = newId('job', at);
  const of = { programId, job: jobName, versionId: file.versionId };
  const [inserted] = await commit(ctx.db, [
    insertJob(ctx, { ...queuedJob(ctx, jobId, task, file), dryRun: call.dryRun === true }),
    ...recipients.map((recipient) => joinRecipient(ctx, of, { ...recipient, deliveryId: newId('dlv', at) })),
    recordAudit(ctx, { programId, action: 'job.called', target: jobId, detail: { job: jobName } }),
  ]);
  const job = await findUnfinishedOfVersion(ctx, programId, jobName, file.versionId);
  if (!job) throw new AppError('unavailable', 'The job of this file ended at this very moment. Call again.');
  const duplicate = inserted?.changes === 0;
  if (!duplicate) ctx.after(ctx.queues.ingest.send([{ type: 'job', jobId: job.jobId }]));
  return { job, duplicate };
}

/** A job over a file version, as it begins. */
export function queuedJob(ctx: Ctx, jobId: string, task: Task, file: StoredFile): NewJob {
  const at = ctx.now();
  return {
    jobId,
    programId: file.programId,
    job: task.job,
    versionId: file.versionId,
    dataset: task.dataset,
    task: task.definition,
    folder: file.folder,
    filename: file.filename,
    objectKey: file.objectKey,
    sizeBytes: file.sizeBytes,
    etag: file.etag,
    traceId: file.traceId,
    // Of the job's own time: what tells of it is then looked for in one moment of the ledger.
    notificationId: newId('msg', idTime(jobId)),
    dryRun: false,
    status: 'queued',
    attempt: 1,
    wakeAt: at,
    queuedAt: at,
    message: 'Waiting to run.',
    counts: { ...noCounts },
    readBytes: 0,
    errors: [],
  };
}

/** Whether a job of the program could be sure of its end. */
export async function hasRoom(ctx: Ctx, programId: string): Promise<boolean> {
  const bytes = await databaseBytes(ctx.recordsDatabase(programId));
  return bytes < fullFrom * ctx.config.MAX_DATABASE_BYTES;
}

/** From here a job could no longer be sure of its end. */
const fullFrom = 0.95;

async function requireRoom(ctx: Ctx, programId: string): Promise<void> {
  if (await hasRoom(ctx, programId)) return;
  throw new AppError('storage_full', 'The hub has no room for more records now; its staff have been told.');
}

async function unknownJob(ctx: Ctx, programId: string, jobName: string): Promise<AppError> {
  const names = await listJobNames(ctx, programId);
  const there =
    names.length === 0 ? 'This program has no jobs yet.' : `The jobs there are: ${names.join(', ')}.`;
  return new AppError('unknown_job', `There is no job "${jobName.slice(0, 100)}". ${there}`);
}

/** Both spellings of the notification settings count, together. */
export async function readRecipients(ctx: Ctx, call: JobCallIn): Promise<Recipient[]> {
  const issues: InputIssue[] = [];
  const emails = [
    ...splitAddresses(call.notifyEmail, 'notifyEmail'),
    ...splitAddresses(call.notificationSettings?.emails, 'notificationSettings.emails'),
  ];
  const webhooks = [
    { path: 'notifyWebhook', target: call.notifyWebhook },
    { path: 'notificationSettings.webhook', target: call.notificationSettings?.webhook },
  ].flatMap(({ path, target }) =>
    target === undefined || target === null || target === '' ? [] : [{ path, target }],
  );
  for (const { path, target } of emails) {
    if (!emailAddress.safeParse(target).success) {
      issues.push({
        path,
        code: 'email_malformed',
        message: 'Not an e-mail address such as data@school.example.',
      });
    }
  }
  for (const { path, target } of webhooks) {
    const judged = await checkCallable(target, ctx.outbound);
    if (!judged.ok) issues.push({ path, code: judged.code, message: judged.message });
  }
  const [first] = issues;
  if (first) {
    throw new AppError('notify_address_invalid', `${first.path}: ${first.message}`, { issues });
  }
  const distinct = new Map<string, Recipient>();
  for (const { target } of emails)
    distinct.set(`email ${target.toLowerCase()}`, { channel: 'email', target });
  for (const { target } of webhooks) distinct.set(`webhook ${target}`, { channel: 'webhook', target });
  if (distinct.size > maxRecipients) {
    throw new AppError(
      'too_many_addresses',
      `At most ${maxRecipients} addresses are told of a job; these are ${distinct.size}.`,
    );
  }
  return [...distinct.values()];
}

/** One address, a comma list, or an array of either. */
function splitAddresses(
  given: string | string[] | null | undefined,
  path: string,
): { path: string; target: string }[] {
  const texts = given === undefined || given === null ? [] : typeof given === 'string' ? [given] : given;
  return texts
    .flatMap((text) => text.split(','))
    .flatMap((text) => {
      const target = text.replace(/^ +| +$/g, '');
      return target === '' ? [] : [{ path, target }];
    });
}
