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

/** Head, pieces and end, one after the other; rows that were written before a column came up get it empty. */
function wholeFile(
  ctx: Ctx,
  run: Run,
  output: Output,
  settings: WriteState['settings'],
  keepLease: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const { head, between, end } = frameOf(run, output, settings);
  let next = -1;
  let piece: { reader: ReadableStreamDefaultReader<Uint8Array>; widen: Widen | null } | null = null;
  let keptAt = ctx.wallNow();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (ctx.wallNow() - keptAt > leaseEveryMs) {
        keptAt = ctx.wallNow();
        await keepLease();
      }
      if (next < 0) {
        next = 0;
        controller.enqueue(utf8(head));
        return;
      }
      if (piece) {
        const { done, value } = await piece.reader.read();
        if (!done) return controller.enqueue(piece.widen ? piece.widen(value) : value);
        piece = null;
        if (next < output.segments.length && between !== '') return controller.enqueue(utf8(between));
      }
      const segment = output.segments[next++];
      if (segment === undefined) {
        if (end !== '') controller.enqueue(utf8(end));
        controller.close();
        return;
      }
      const read = await ctx.objects.get(segment.key);
      if (!read) throw new Error('a staged piece is gone');
      const missing = settings.format === 'csv' ? output.columns.length - segment.columns : 0;
      piece = { reader: read.body.getReader(), widen: missing > 0 ? widener(missing) : null };
      // A pull that gives nothing is not asked again.
      const first = await piece.reader.read();
      if (!first.done) controller.enqueue(piece.widen ? piece.widen(first.value) : first.value);
    },
    async cancel(reason) {
      await piece?.reader.cancel(reason);
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

type Widen = (chunk: Uint8Array) => Uint8Array;

const quote = 0x22;
const carriageReturn = 0x0d;
const comma = 0x2c;

/** Adds empty cells before each row's end: a carriage return outside quotes, which cells never hold bare. */
export function widener(missing: number): Widen {
  let isQuoted = false;
  return (chunk) => {
    const ends: number[] = [];
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] === quote) isQuoted = !isQuoted;
      else if (chunk[i] === carriageReturn && !isQuoted) ends.push(i);
    }
    const wider = new Uint8Array(chunk.length + ends.length * missing);
    let from = 0;
    let to = 0;
    for (const end of ends) {
      wider.set(chunk.subarray(from, end), to);
      to += end - from;
      wider.fill(comma, to, to + missing);
      to += missing;
      from = end;
    }
    wider.set(chunk.subarray(from), to);
    return wider;
  };
}
