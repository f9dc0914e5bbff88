import type { Ctx } from '../../../context.ts';
import { readObjectNames } from './parts.ts';

/** A record as it was before a job changed it: what the change log keeps of it. */
export interface BeforeImage {
  data: Record<string, unknown>;
  version: number;
  /** The job that had made it so, and when. */
  jobId: string;
  changedAt: number;
}

/** Bytes of a part that tell which buckets come first in it. */
const headBytes = 2_048;

/**
 * What `key` was before the job `jobId` changed or deleted it: found by a search among the parts of the job's
 * log, which are in the order of the keys' buckets, so that a job of a million changes costs some twenty reads
 * of 2 KB and one or two of a part. Null where the job did not change it; `expired` where its log is gone.
 */
export async function findImage(
  ctx: Pick<Ctx, 'objects'>,
  job: { programId: string; jobId: string },
  bucket: number,
  key: string,
): Promise<BeforeImage | null | 'expired'> {
  const parts = await readObjectNames(ctx, job);
  if (parts.length === 0) return 'expired';
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const head = await ctx.objects.get(parts[middle] ?? '', { range: { offset: 0, length: headBytes } });
    if (!head) return 'expired';
    const first = firstBucket(await head.text());
    if (first !== null && first <= bucket) low = middle;
    else high = middle - 1;
  }
  // Its first written row tells a part: rows deleted before that one may be of the part after.
  for (const name of parts.slice(low, low + 2)) {
    const part = await ctx.objects.get(name);
    if (!part) return 'expired';
    const image = imageIn(await part.text(), bucket, key);
    if (image) return image;
  }
  return null;
}

/** The bucket of a part's first row, from the beginning of its text; null where the part keeps no rows. Pure. */
export function firstBucket(head: string): number | null {
  const [counts = '', upserts = '', updated = '', deleted = ''] = head.split('\n', 4);
  if (!counts.startsWith('[')) return null;
  if (upserts.startsWith('{"')) return Number(upserts.slice(2, 12));
  const images = updated.startsWith('[[') ? updated : deleted;
  return images.startsWith('[[') ? Number.parseInt(images.slice(2, 14), 10) : null;
}

/** The image of a key in a part's text, where it is there. Pure; parses no line that cannot hold it. */
export function imageIn(text: string, bucket: number, key: string): BeforeImage | null {
  const needle = `[${bucket},${JSON.stringify(key)},"`;
  for (let at = text.indexOf(needle); at >= 0; ) {
    const start = text.lastIndexOf('\n', at) + 1;
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    // A row's own values may look the same: only a line of images counts.
    if (line.startsWith('[[')) {
      const rows: [number, string, string, Record<string, unknown>, number, string, number][] =
        JSON.parse(line);
      const row = rows.find((one) => one[0] === bucket && one[1] === key);
      if (row) return { data: row[3], version: row[4], jobId: row[5], changedAt: row[6] };
    }
    at = text.indexOf(needle, end);
  }
  return null;
}
