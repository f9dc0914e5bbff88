import type { Ctx } from '../../context.ts';
import { type LoggedEvent, type LogPage, readLog } from '../events/index.ts';
import { RowWriter } from './rows.ts';
import { NightFault, type Output, type WriteState } from './state.ts';
import { objectKeys, type Run } from './store.ts';

/** A step stages about so many bytes, in memory until then, of at most so many pages of the log. */
const stepBytes = 6_000_000;
export const stepPages = 40;
const eventNameLimit = 200;

/**
 * What the steps of one message hand on to the next: the page of the log that comes while another is written,
 * and the largest buffer. Neither is needed to go on.
 */
export class StepMemory {
  #ahead: { after: number; page: Promise<LogPage> } | null = null;
  spare = new Uint8Array(0);

  /** The page after `after`, from the log unless it is on its way already. */
  read(ctx: Ctx, run: Run, { settings }: WriteState, after: number): Promise<LogPage> {
    const { types, categories } = settings;
    if (this.#ahead?.after === after) return this.#ahead.page;
    return readLog(ctx, run.programId, { upTo: run.lastSequence, types, categories, after });
  }

  /** Asks for the page after `after` in advance. */
  readAhead(ctx: Ctx, run: Run, state: WriteState, after: number): void {
    const page = this.read(ctx, run, state, after);
    page.catch(() => {});
    this.#ahead = { after, page };
  }
}

/** One bounded step: reads on in the log and stages what it finds, a piece for each event type. */
export async function stageEvents(
  ctx: Ctx,
  run: Run,
  state: WriteState,
  token: string,
  memory: StepMemory,
): Promise<{ state: WriteState; pages: number }> {
  const staging = new Staging(run.programId, state, memory);
  let { after } = state;
  let pages = 0;
  let ended = false;
  while (staging.bytes < stepBytes && pages < stepPages) {
    const { events, data } = await memory.read(ctx, run, state, after);
    pages++;
    const last = events.at(-1);
    if (last === undefined) {
      ended = true;
      break;
    }
    after = last[0];
    memory.readAhead(ctx, run, state, after);
    for (let i = 0; i < events.length; i++) staging.add(events[i] ?? last, data[i] ?? '');
  }
  const outputs = await staging.flush(ctx, `${objectKeys.staged(run)}${token}/${run.step}`);
  return { state: { ...state, phase: ended ? 'joining' : 'reading', after, outputs }, pages };
}

class Staging {
  bytes = 0;
  readonly #programId: string;
  readonly #between: string;
  readonly #settings: WriteState['settings'];
  readonly #memory: StepMemory;
  readonly #outputs: Output[];
  readonly #writers = new Map<string, { place: number; writer: RowWriter; rows: RowBuffer; count: number }>();

  constructor(programId: string, state: WriteState, memory: StepMemory) {
    this.#programId = programId;
    this.#memory = memory;
    this.#settings = state.settings;
    this.#between = state.settings.format === 'json' ? ',\n' : '';
    this.#outputs = state.outputs.map((one) => ({ ...one, segments: [...one.segments] }));
    for (const place of this.#outputs.keys()) this.#open(place);
  }

  add(event: LoggedEvent, data: string): void {
    const entry = this.#writers.get(event[3]) ?? this.#begin(event[3]);
    if (entry.rows.length > 0 && this.#between !== '') this.bytes += entry.rows.add(this.#between);
    this.bytes += entry.rows.add(entry.writer.write(event, data));
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
      rows.handBack();
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
    const entry = {
      place,
      writer: this.#writer(event, columns),
      rows: new RowBuffer(this.#memory),
      count: 0,
    };
    this.#writers.set(event, entry);
    return entry;
  }

  #writer(event: string, columns?: string[]): RowWriter {
    const { format, guardFormulas } = this.#settings;
    return new RowWriter(event, { programId: this.#programId, format, guardFormulas }, columns);
  }
}

const encoder = new TextEncoder();

const firstBufferBytes = 65_536;

/** Rows as the bytes they will be: strings kept until a step ends would be garbage by the tens of megabytes. */
class RowBuffer {
  length = 0;
  readonly #memory: StepMemory;
  #buffer = new Uint8Array(firstBufferBytes);

  constructor(memory: StepMemory) {
    this.#memory = memory;
  }

  /** How many bytes it took. */
  add(text: string): number {
    // A UTF-16 unit takes at most three bytes.
    const needed = this.length + 3 * text.length;
    if (needed > this.#buffer.length) this.#grow(needed);
    const { written } = encoder.encodeInto(text, this.#buffer.subarray(this.length));
    this.length += written;
    return written;
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  /** After the last use: one that grew serves the next step. */
  handBack(): void {
    if (this.#buffer.length > this.#memory.spare.length) this.#memory.spare = this.#buffer;
  }

  #grow(needed: number): void {
    const { spare } = this.#memory;
    const fits = spare.length >= needed;
    const larger = fits ? spare : new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
    if (fits) this.#memory.spare = new Uint8Array(0);
    larger.set(this.#buffer.subarray(0, this.length));
    this.#buffer = larger;
  }
}
