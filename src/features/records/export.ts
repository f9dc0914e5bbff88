import type { Ctx } from '../../context.ts';
import { writeCsvRow } from '../../platform/csv/write.ts';
import { utf8 } from '../../platform/encoding.ts';
import { type Dataset, listRecords, type RecordRow } from './store.ts';

/** Records of one reading, and of a file at most: an invocation has 1,000 statements. */
const pageRecords = 1_000;
export const exportedAtMost = 200_000;

type Values = Record<string, unknown>;

/**
 * A dataset as CSV, in the order it is stored in, read as it is taken. The columns are the key, the members of
 * the first thousand records, and `_more` with whatever else a later record holds, as JSON: nothing is left out.
 */
export function exportRecords(ctx: Ctx, dataset: Dataset): ReadableStream<Uint8Array<ArrayBuffer>> {
  let after: [number, string] | null = null;
  let columns: string[] | null = null;
  let read = 0;
  return new ReadableStream({
    async pull(controller) {
      const rows: RecordRow[] = await listRecords(ctx, dataset, after, pageRecords);
      const values = rows.map(({ data }) => JSON.parse(data) as Values);
      if (columns === null) {
        columns = [...new Set(values.flatMap((one) => Object.keys(one)))];
        controller.enqueue(utf8(`\ufeff${writeCsvRow(['_key', ...columns, '_more'])}`));
      }
      const names = columns;
      controller.enqueue(utf8(rows.map((row, i) => toRow(row.key, values[i] ?? {}, names)).join('')));
      read += rows.length;
      const last = rows.at(-1);
      after = last ? [last.bucket, last.key] : after;
      if (rows.length < pageRecords || read >= exportedAtMost) controller.close();
    },
  });
}

function toRow(key: string, values: Values, columns: string[]): string {
  const known = new Set(columns);
  const others = Object.entries(values).filter(([name]) => !known.has(name));
  const more = others.length === 0 ? '' : JSON.stringify(Object.fromEntries(others));
  return writeCsvRow([key, ...columns.map((name) => toCell(values[name])), more], { guardFormulas: true });
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
