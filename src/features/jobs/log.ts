import type { Ctx } from '../../context.ts';
import { ReadMemory } from '../../platform/objects/index.ts';
import { type BeforeImage, imagesOf, parseUpsertName, upsertMember } from '../records/index.ts';
import type { Operation } from './merge.ts';
import type { Narrowed } from './narrow.ts';
import { loadReferred, type Reference } from './references.ts';
import { objectKeys } from './state.ts';
import type { Job } from './store.ts';

/**
 * The change log: what a job is to do, and what was there before, in chunks, written by the check before the
 * first record is touched; nobody else changes the dataset until the job has ended, so that what was there
 * before then is there still. A chunk is four lines, the last three of them JSON that goes into SQL as it
 * stands, never parsed on the way, so that what is put back is byte for byte what was there. A first load's
 * chunks are one line each, which names staged rows.
 */
export interface LogChunk {
  inserted: number;
  updated: number;
  deleted: number;
  /** The rows after, as `writeChunk` takes them. */
  upserts: string;
  /** The same as it is better sent, where there is such a form. */
  narrowed?: Narrowed;
  /** The rows before, whole, of keys that are updated; and of keys that are deleted. */
  updatedImages: string;
  deletedImages: string;
}

/** One chunk holds the database for some tens of milliseconds, and its JSON stays below D1's 2 MB. */
export const operationsAtOnce = 4_000;
/** Characters after and bytes before, together: a character is three bytes at most. */
const chunkWeight = 550_000;

/**
 * Part `part` of a job's change log; null where there is none. The chunks of a first load are good until `memory` is
 * used again.
 */
export async function loadLog(
  ctx: Pick<Ctx, 'objects'>,
  { programId, jobId }: Pick<Job, 'programId' | 'jobId'>,
  part: number,
  memory = new ReadMemory(),
): Promise<LogChunk[] | null> {
  const saved = await ctx.objects.get(objectKeys.changes(programId, jobId, part));
  if (!saved) return null;
  const { names, chunks } = readChunks(await saved.text());
  const references = chunks.filter((chunk) => 'slices' in chunk);
  const keyOf = (rowsPart: number) => objectKeys.firstRows(programId, jobId, rowsPart);
  const referred = await loadReferred(ctx, references, names, keyOf, memory);
  const nothing = { updated: 0, deleted: 0, updatedImages: '[]', deletedImages: '[]' };
  return chunks.map((chunk) =>
    'slices' in chunk
      ? {
          ...nothing,
          inserted: chunk.rows,
          get upserts() {
            return referred.upsertsOf(chunk);
          },
          get narrowed() {
            return referred.narrowedOf(chunk);
          },
        }
      : chunk,
  );
}

/** The lines of chunks that name staged rows. */
export function referenceLines(references: Reference[]): string[] {
  return references.map((reference) => JSON.stringify(reference));
}

/** The text of one part of the log. Pure. */
export function readChunks(text: string): { names: string[]; chunks: (LogChunk | Reference)[] } {
  const lines = text.split('\n');
  let names: string[] = [];
  const chunks: (LogChunk | Reference)[] = [];
  for (let at = 0; at < lines.length; at++) {
    const first = JSON.parse(lines[at] ?? 'null');
    if (Array.isArray(first)) {
      const [inserted = 0, updated = 0, deleted = 0]: number[] = first;
      const [upserts = '{}', updatedImages = '[]', deletedImages = '[]'] = lines.slice(at + 1, at + 4);
      chunks.push({ inserted, updated, deleted, upserts, updatedImages, deletedImages });
      at += 3;
    } else if ('names' in first) names = first.names;
    else chunks.push(first);
  }
  return { names, chunks };
}

/** The log of `operations`, which are in the order of (bucket, key), and the number of queries it took. */
export async function writeLog(
  ctx: Ctx,
  job: Job,
  datasetId: number,
  operations: Operation[],
): Promise<{ text: string; queries: number }> {
  const lines: string[] = [];
  let queries = 0;
  for (const chunk of cutChunks(operations)) {
    const changed = chunk.filter(({ kind }) => kind !== 'i');
    const keys = `[${changed.map(({ bucket, keyJson }) => `[${bucket},${keyJson}]`).join(',')}]`;
    const images = changed.length === 0 ? [] : await imagesOf(ctx, job.programId, datasetId, keys);
    if (changed.length > 0) queries++;
    lines.push(...chunkLines(chunk, images));
  }
  return { text: lines.join('\n'), queries };
}

/** As many operations as one transaction can take, and again; each chunk has one at least. Pure. */
export function cutChunks(operations: Operation[]): Operation[][] {
  const chunks: Operation[][] = [];
  let chunk: Operation[] = [];
  let weight = 0;
  for (const operation of operations) {
    const own = operation.dataJson.length + operation.bytesBefore;
    if (chunk.length > 0 && (chunk.length >= operationsAtOnce || weight + own > chunkWeight)) {
      chunks.push(chunk);
      chunk = [];
      weight = 0;
    }
    chunk.push(operation);
    weight += own;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** The four lines of a chunk. Pure. */
export function chunkLines(operations: Operation[], images: BeforeImage[]): string[] {
  const upserts = operations.filter(({ kind }) => kind !== 'd');
  const deleted = new Set(operations.flatMap(({ kind, keyJson }) => (kind === 'd' ? [keyJson] : [])));
  const updatedImages: string[] = [];
  const deletedImages: string[] = [];
  for (const image of images) {
    const keyJson = JSON.stringify(image.key);
    (deleted.has(keyJson) ? deletedImages : updatedImages).push(imageJson(image, keyJson));
  }
  const inserted = upserts.length - updatedImages.length;
  return [
    `[${inserted},${updatedImages.length},${deletedImages.length}]`,
    `{${upserts.map(upsertMember).join(',')}}`,
    `[${updatedImages.join(',')}]`,
    `[${deletedImages.join(',')}]`,
  ];
}

function imageJson(image: BeforeImage, keyJson: string): string {
  const { bucket, fingerprint, data, version, jobId, changedAt } = image;
  return `[${bucket},${keyJson},"${fingerprint}",${data},${version},"${jobId}",${changedAt}]`;
}

/** A row as it was before. */
export interface Image {
  bucket: number;
  key: string;
  fingerprint: string;
  data: Record<string, unknown>;
  version: number;
}

export interface Change {
  bucket: number;
  key: string;
  before: Image | null;
  after: Record<string, unknown> | null;
}

/** What a chunk did to each key, parsed; without its deletes where the task withheld them. */
export function changesOf(chunk: LogChunk, options: { withDeletes: boolean }): Change[] {
  const updated = new Map(parseImages(chunk.updatedImages).map((image) => [image.key, image]));
  const upserts: Record<string, Record<string, unknown>> = JSON.parse(chunk.upserts);
  const changes: Change[] = Object.entries(upserts).map(([name, after]) => {
    const { bucket, key } = parseUpsertName(name);
    return { bucket, key, before: updated.get(key) ?? null, after };
  });
  if (!options.withDeletes) return changes;
  const deleted = parseImages(chunk.deletedImages);
  return [
    ...changes,
    ...deleted.map((before) => ({ bucket: before.bucket, key: before.key, before, after: null })),
  ];
}

function parseImages(text: string): Image[] {
  const rows: [number, string, string, Record<string, unknown>, number][] = JSON.parse(text);
  return rows.map(([bucket, key, fingerprint, data, version]) => ({
    bucket,
    key,
    fingerprint,
    data,
    version,
  }));
}
