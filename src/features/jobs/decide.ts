import type { Ctx } from '../../context.ts';
import { type CsvFindings, detectFile, type FileFindings } from '../../platform/csv/detect.ts';
import { cleanHeader } from '../../platform/csv/header.ts';
import { AppError } from '../../platform/errors.ts';
import { gzipMessages, isInflatedTooLarge } from '../../platform/gzip.ts';
import { ObjectChangedError, type ObjectRange, putStream } from '../../platform/objects/index.ts';
import { fieldIndexOf } from '../../platform/tableschema/index.ts';
import { type Fence, renewLease } from '../records/index.ts';
import { compileTask } from '../tasks/index.ts';
import type { JobDecisions, JobNotice } from './schema.ts';
import { FileFault, type JobState, objectKeys, type Source } from './state.ts';
import type { Job } from './store.ts';

/** What is looked at of either end of the file. */
const sampleBytes = 1_024 * 1_024;

/** The object a job reads: the dropped file's pinned version, or what it unpacked to. */
export function sourceOf(job: Job, state: JobState): Source {
  return state.source ?? { objectKey: job.objectKey, sizeBytes: job.sizeBytes, etag: job.etag };
}

/** Opens a range of the source. A file that is gone, or another by now, is the file's fault. */
export async function openSource(ctx: Ctx, source: Source, range: ObjectRange) {
  try {
    const read = await ctx.objects.get(source.objectKey, { range, ifMatch: source.etag });
    if (read) return read;
  } catch (error) {
    if (!(error instanceof ObjectChangedError)) throw error;
    throw new FileFault(
      'file_changed',
      'The stored file is no longer the one that was accepted. Drop it again and call the job again.',
    );
  }
  throw new FileFault('file_deleted', 'The file was deleted while its job was waiting or running.');
}

/** Decides what the file is, from its two ends and the task's pins; a gzip file is unpacked first. */
export async function decideFormat(ctx: Ctx, job: Job, state: JobState, fence: Fence): Promise<JobState> {
  const source = sourceOf(job, state);
  if (source.sizeBytes === 0) {
    throw new FileFault('empty_file', 'The file is empty: send one with a header and rows.');
  }
  const head = await readBytes(ctx, source, { offset: 0, length: sampleBytes });
  const tail = source.sizeBytes <= sampleBytes ? head : await readBytes(ctx, source, { suffix: sampleBytes });
  const findings = detectFile(head, tail, source.sizeBytes);
  if (findings.kind === 'refused') throw new FileFault(findings.code, findings.message);
  if (findings.kind === 'gzip') {
    if (state.source) {
      throw new FileFault('nested_gzip', gzipMessages.nested_gzip);
    }
    return { ...state, source: await inflate(ctx, job, source, fence) };
  }
  return findings.kind === 'csv' ? openCsv(job, state, findings) : openJson(job, state, findings);
}

/** What a report's header takes, with room for the longest. */
const headerBytes = 65_536;

/** True where the file is a corrected report: it waits for the job whose rows it corrects, though that is held. */
export async function isCorrection(ctx: Ctx, job: Job): Promise<boolean> {
  try {
    const read = await openSource(ctx, job, { offset: 0, length: headerBytes });
    const head = await read.bytes();
    const findings = detectFile(head, head, head.length);
    return findings.kind === 'csv' && findings.firstRecord.includes('_job');
  } catch (error) {
    // That the file is gone or empty is told where it is read.
    if (error instanceof AppError || error instanceof FileFault) return false;
    throw error;
  }
}

async function readBytes(ctx: Ctx, source: Source, range: ObjectRange): Promise<Uint8Array> {
  return (await openSource(ctx, source, range)).bytes();
}

const unpinned = { encoding: 'auto', delimiter: 'auto', quote: 'auto' } as const;

function openCsv(job: Job, state: JobState, findings: CsvFindings): JobState {
  // A corrected report is CSV as a spreadsheet saves it, whatever the task's own files are.
  const isReport = findings.firstRecord.includes('_job');
  const { format } = job.task;
  if (!isReport && (format === 'json' || format === 'jsonl')) throw wrongFormat(format, 'CSV');
  const pins = isReport ? unpinned : job.task.dialect;
  const seen = findings.dialect;
  const encoding = pins.encoding === 'auto' ? seen.encoding : pins.encoding;
  const delimiter = pins.delimiter === 'auto' ? seen.delimiter : pins.delimiter;
  const seenQuote = seen.quote === delimiter ? null : seen.quote;
  const quote = pins.quote === 'auto' ? seenQuote : pins.quote;
  const dialect = { encoding, delimiter, quote };
  // Read with other pins, the first record is another.
  const isAsSeen = encoding === seen.encoding && delimiter === seen.delimiter && quote === seen.quote;
  if (isAsSeen && findings.firstRecord.length > 0 && !findings.header.value) requireHeader(job, findings);
  const pinned = Object.entries(pins).flatMap(([name, value]) =>
    value === 'auto' ? [] : [`The ${name} is pinned by the task.`],
  );
  const evidence = [
    findings.encoding.evidence,
    findings.delimiter.evidence,
    findings.quote.evidence,
    findings.lineEnd.evidence,
    findings.header.evidence,
    ...pinned,
  ];
  const decisions: JobDecisions = {
    format: 'csv',
    ...dialect,
    evidence: withUnpacked(state, evidence),
    notices: [...noticesOf(findings), ...(isAsSeen ? headerNotices(findings.firstRecord) : [])],
  };
  return { ...state, format: 'csv', dialect, position: findings.start, decisions };
}

function openJson(
  job: Job,
  state: JobState,
  findings: Extract<FileFindings, { kind: 'json' | 'jsonl' }>,
): JobState {
  const { format, dialect: pins } = job.task;
  if (format === 'csv') throw wrongFormat(format, findings.kind === 'json' ? 'a JSON array' : 'JSON Lines');
  const kind = format === 'auto' ? findings.kind : format;
  const encoding = pins.encoding === 'auto' ? findings.encoding.value : pins.encoding;
  const decisions: JobDecisions = {
    format: kind,
    encoding,
    delimiter: null,
    quote: null,
    evidence: withUnpacked(state, [findings.encoding.evidence]),
    notices: noticesOf(findings),
  };
  return {
    ...state,
    format: kind,
    dialect: { encoding, delimiter: ',', quote: null },
    position: { offset: 0, line: 1 },
    decisions,
  };
}

/** What looks like data, and names no field of the schema, is no header. */
function requireHeader(job: Job, { firstRecord, header }: CsvFindings): void {
  const schema = compileTask(job.task);
  if (firstRecord.some((name) => fieldIndexOf(schema, name) >= 0)) return;
  throw new FileFault(
    'header_missing',
    `The file has no header: its first line must name the columns. ${header.evidence}`,
  );
}

function withUnpacked(state: JobState, evidence: string[]): string[] {
  return state.source ? [`Unpacked from gzip to ${state.source.sizeBytes} bytes.`, ...evidence] : evidence;
}

function noticesOf({ notices }: Extract<FileFindings, { notices: unknown }>): JobNotice[] {
  return notices.map(({ code, message }) => ({ code, message }));
}

const shownHeaderNotices = 20;

function headerNotices(header: string[]): JobNotice[] {
  const { findings } = cleanHeader(header);
  return findings.slice(0, shownHeaderNotices).map(({ code, message }) => ({ code, message }));
}

function wrongFormat(wanted: string, found: string): FileFault {
  return new FileFault(
    'wrong_format',
    `The task takes ${wanted}, and this file is ${found}: send the right file, or change the task's format.`,
  );
}

/** Unpacks into a staged object, renewing the lease on the way: a large file takes longer than one lasts. */
async function inflate(ctx: Ctx, job: Job, source: Source, fence: Fence): Promise<Source> {
  const read = await openSource(ctx, source, { offset: 0 });
  const key = objectKeys.inflated(job.programId, job.jobId);
  let total = 0;
  let renewedAt = 0;
  let fault: FileFault | undefined;
  const bound = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      total += chunk.byteLength;
      if (isInflatedTooLarge(total, source.sizeBytes)) {
        fault = new FileFault('gzip_too_large', gzipMessages.gzip_too_large);
        throw fault;
      }
      if (total - renewedAt > 32 * 1_024 * 1_024) {
        renewedAt = total;
        await renewLease(ctx, job.programId, fence);
      }
      controller.enqueue(chunk);
    },
  });
  const inflated = read.body
    .pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>)
    .pipeThrough(bound);
  try {
    const stored = await putStream(ctx.objects, key, inflated);
    return { objectKey: key, sizeBytes: stored.sizeBytes, etag: stored.etag };
  } catch (error) {
    if (fault) throw fault;
    // What the decompressor throws is a TypeError; the stores throw errors of their own.
    if (!(error instanceof TypeError)) throw error;
    throw new FileFault('gzip_broken', gzipMessages.gzip_broken);
  }
}
