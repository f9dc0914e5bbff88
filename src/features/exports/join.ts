import type { Ctx } from '../../context.ts';
import { sha256Hex, utf8 } from '../../platform/encoding.ts';
import { putHashed } from '../../platform/objects/index.ts';
import { fileName } from './names.ts';
import { RowWriter } from './rows.ts';
import type { Output, WriteState } from './state.ts';
import { type ExportFile, objectKeys, type Run } from './store.ts';

/** Makes one whole file of an output's staged pieces, and its manifest where one is wanted. */
export async function joinOutput(
  ctx: Ctx,
  run: Run,
  output: Output,
  settings: WriteState['settings'],
  keepLease: () => Promise<void>,
): Promise<ExportFile[]> {
  const name = await fileName(output.event, {
    createdAtMs: settings.createdAtMs,
    startedAtMs: run.startedAt,
    identity: `${run.runId}|${output.event}`,
    format: settings.format,
  });
  const objectKey = objectKeys.file(run, name);
  const contentType = settings.format === 'json' ? 'application/json' : 'text/csv; charset=utf-8';
  const { sizeBytes, sha256 } = await putHashed(
    ctx.objects,
    objectKey,
    wholeFile(ctx, run, output, settings, keepLease),
    { contentType },
  );
  const file: ExportFile = {
    ...{ runId: run.runId, name, programId: run.programId, eventType: output.event },
    ...{ rows: output.rows, objectKey, sizeBytes, sha256 },
    ...{ deliveryId: null, status: 'waiting', evidence: null, reason: null, endedAt: null },
  };
  return settings.manifest ? [file, await writeManifest(ctx, run, file)] : [file];
}

async function writeManifest(ctx: Ctx, run: Run, file: ExportFile): Promise<ExportFile> {
  const { name, eventType: event, rows, sizeBytes, sha256 } = file;
  const { exportId, runId, localDate, timeZone } = run;
  const told = { name, event, rows, sizeBytes, sha256, localDate, timeZone, exportId, runId };
  const bytes = utf8(`${JSON.stringify(told, null, 2)}\n`);
  const objectKey = objectKeys.file(run, manifestName(name));
  await ctx.objects.put(objectKey, bytes, { contentType: 'application/json' });
  const size = { sizeBytes: bytes.length, sha256: await sha256Hex(bytes) };
  return { ...file, name: manifestName(name), rows: null, objectKey, ...size };
}

export function manifestName(name: string): string {
  return `${name}.manifest.json`;
}

const leaseEveryMs = 10_000;

/**
 * Head, pieces and end, one after the other; rows that were written before a column came up get it empty. A
 * piece is read whole: it was in memory when it was staged, and chunks of a few kilobytes cost far more.
 */
function wholeFile(
  ctx: Ctx,
  run: Run,
  output: Output,
  settings: WriteState['settings'],
  keepLease: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const { head, between, end } = frameOf(run, output, settings);
  let next = 0;
  let keptAt = ctx.wallNow();
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(utf8(head)),
    async pull(controller) {
      if (ctx.wallNow() - keptAt > leaseEveryMs) {
        keptAt = ctx.wallNow();
        await keepLease();
      }
      const segment = output.segments[next++];
      if (segment === undefined) {
        if (end !== '') controller.enqueue(utf8(end));
        controller.close();
        return;
      }
      const read = await ctx.objects.get(segment.key);
      if (!read) throw new Error('a staged piece is gone');
      if (next > 1 && between !== '') controller.enqueue(utf8(between));
      const missing = settings.format === 'csv' ? output.columns.length - segment.columns : 0;
      const piece = await read.bytes();
      controller.enqueue(missing > 0 ? widen(piece, missing) : piece);
    },
  });
}

function frameOf(run: Run, output: Output, { format, guardFormulas }: WriteState['settings']) {
  if (format === 'csv') {
    const options = { programId: run.programId, format, guardFormulas };
    return { head: new RowWriter(output.event, options, output.columns).header(), between: '', end: '' };
  }
  return output.segments.length === 0
    ? { head: '[]\n', between: '', end: '' }
    : { head: '[\n', between: ',\n', end: '\n]\n' };
}

const quote = 0x22;
const carriageReturn = 0x0d;
const comma = 0x2c;

/** Adds empty cells before each row's end: a carriage return outside quotes, which cells never hold bare. */
export function widen(rows: Uint8Array, missing: number): Uint8Array {
  let isQuoted = false;
  const ends: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] === quote) isQuoted = !isQuoted;
    else if (rows[i] === carriageReturn && !isQuoted) ends.push(i);
  }
  const wider = new Uint8Array(rows.length + ends.length * missing);
  let from = 0;
  let to = 0;
  for (const end of ends) {
    wider.set(rows.subarray(from, end), to);
    to += end - from;
    wider.fill(comma, to, to + missing);
    to += missing;
    from = end;
  }
  wider.set(rows.subarray(from), to);
  return wider;
}
