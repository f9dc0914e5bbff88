import type { Ctx } from '../../context.ts';
import { type LoggedEvent, readLog } from '../events/index.ts';
import { RowWriter } from './rows.ts';
import { NightFault, type Output, type WriteState } from './state.ts';
import { objectKeys, type Run } from './store.ts';

/** A step stages about so many bytes, in memory until then, of at most so many pages of the log. */
const stepBytes = 6_000_000;
export const stepPages = 40;
const eventNameLimit = 200;

/** One bounded step: reads on in the log and stages what it finds, a piece for each event type. */
export async function stageEvents(
  ctx: Ctx,
  run: Run,
  state: WriteState,
  token: string,
): Promise<{ state: WriteState; pages: number }> {
  const staging = new Staging(run.programId, state);
  const { types, categories } = state.settings;
  const range = { upTo: run.lastSequence, types, categories };
  let { after } = state;
  let pages = 0;
  let next = readLog(ctx, run.programId, { ...range, after });
  let ended = false;
  while (staging.bytes < stepBytes && pages < stepPages) {
    const page = await next;
    pages++;
    const last = page.at(-1);
    if (last === undefined) {
      ended = true;
      break;
    }
    after = last[0];
    // The next page comes while this one is written.
    next = readLog(ctx, run.programId, { ...range, after });
    next.catch(() => {});
    for (const event of page) staging.add(event);
  }
  const outputs = await staging.flush(ctx, `${objectKeys.staged(run)}${token}/${run.step}`);
  return { state: { ...state, phase: ended ? 'joining' : 'reading', after, outputs }, pages };
}

class Staging {
  bytes = 0;
  readonly #programId: string;
  readonly #between: string;
  readonly #settings: WriteState['settings'];
  readonly #outputs: Output[];
  readonly #writers = new Map<string, { place: number; writer: RowWriter; rows: RowBuffer; count: number }>();

  constructor(programId: string, state: WriteState) {
    this.#programId = programId;
    this.#settings = state.settings;
    this.#between = state.settings.format === 'json' ? ',\n' : '';
    this.#outputs = state.outputs.map((one) => ({ ...one, segments: [...one.segments] }));
    for (const place of this.#outputs.keys()) this.#open(place);
  }

  add(event: LoggedEvent): void {
    const entry = this.#writers.get(event[3]) ?? this.#begin(event[3]);
    if (entry.rows.length > 0 && this.#between !== '') this.bytes += entry.rows.add(this.#between);
    this.bytes += entry.rows.add(entry.writer.write(event));
    entry.count++;
  }

  async flush(ctx: Ctx, prefix: string): Promise<Output[]> {
    for (const { place, writer, rows, count } of this.#writers.values()) {
      const output = this.#outputs[place];
      if (output === undefined || rows.length === 0) continue;
      const key = `${prefix}-${place}`;
      await ctx.objects.put(key, rows.bytes());
      output.rows += count;
      output.columns = writer.columns;
      output.segments.push({ key, columns: writer.columns.length });
    }
    return this.#outputs;
  }

  #begin(event: string) {
    if (this.#outputs.length >= eventNameLimit) {
      throw new NightFault(
        `The night has more than ${eventNameLimit} event types, and each would be a file: list those wanted in "events.types".`,
      );
    }
    const writer = this.#writer(event);
    this.#outputs.push({ event, rows: 0, columns: writer.columns, segments: [] });
    return this.#open(this.#outputs.length - 1);
  }

  #open(place: number) {
    const { event = '', columns } = this.#outputs[place] ?? {};
    const entry = { place, writer: this.#writer(event, columns), rows: new RowBuffer(), count: 0 };
    this.#writers.set(event, entry);
    return entry;
  }

  #writer(event: string, columns?: string[]): RowWriter {
    const { format, guardFormulas } = this.#settings;
    return new RowWriter(event, { programId: this.#programId, format, guardFormulas }, columns);
  }
}

const encoder = new TextEncoder();

/** Rows as the bytes they will be: strings kept until a step ends would be garbage by the tens of megabytes. */
class RowBuffer {
  length = 0;
  #buffer = new Uint8Array(262_144);

  /** How many bytes it took. */
  add(text: string): number {
    // A UTF-16 unit takes at most three bytes.
    const needed = this.length + 3 * text.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 4 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.length));
      this.#buffer = larger;
    }
    const { written } = encoder.encodeInto(text, this.#buffer.subarray(this.length));
    this.length += written;
    return written;
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }
}
