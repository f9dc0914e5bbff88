import { utf8 } from '../../platform/encoding.ts';

/** A call's bounds: what CreateBatch is asked to take at once. */
export const maxCallRows = 5_000;
export const maxCallBytes = 4_000_000;
/** Of all calls that are not full yet: more is cut early, so that many processes need no more memory. */
const maxOpenBytes = 8_000_000;

/** Rows of one process on their way into one call. */
export interface Part {
  processId: string;
  lines: string[];
  /** Of each line, the event it was made of. */
  sequences: number[];
  bytes: number;
}

/** Cuts rows into calls, by process, in their order. */
export class PartCutter {
  readonly #open: Map<string, Part>;
  readonly #full: Part[] = [];
  #openBytes: number;

  constructor(open: Part[]) {
    this.#open = new Map(open.map((part) => [part.processId, part]));
    this.#openBytes = open.reduce((sum, part) => sum + part.bytes, 0);
  }

  /** `line` without its line end. */
  add(processId: string, line: string, sequence: number): void {
    const bytes = utf8(line).byteLength + 1;
    const before = this.#open.get(processId);
    if (before && before.bytes + bytes > maxCallBytes) this.#cut(before);
    const part = this.#open.get(processId) ?? { processId, lines: [], sequences: [], bytes: 0 };
    this.#open.set(processId, part);
    part.lines.push(line);
    part.sequences.push(sequence);
    part.bytes += bytes;
    this.#openBytes += bytes;
    if (part.lines.length >= maxCallRows) this.#cut(part);
    else if (this.#openBytes > maxOpenBytes) this.#cut(this.#largest(part));
  }

  #largest(than: Part): Part {
    let largest = than;
    for (const part of this.#open.values()) if (part.bytes > largest.bytes) largest = part;
    return largest;
  }

  #cut(part: Part): void {
    this.#open.delete(part.processId);
    this.#openBytes -= part.bytes;
    this.#full.push(part);
  }

  hasFull(): boolean {
    return this.#full.length > 0;
  }

  /** What is full so far; with `all`, what is not as well. */
  take(all: boolean): { full: Part[]; open: Part[] } {
    if (all) for (const part of [...this.#open.values()]) this.#cut(part);
    return { full: this.#full.splice(0), open: [...this.#open.values()] };
  }
}

/** As it is stored: the sequences in the first line, then the rows. */
export function writePart({ lines, sequences }: Pick<Part, 'lines' | 'sequences'>): string {
  return `${JSON.stringify(sequences)}\n${lines.map((line) => `${line}\n`).join('')}`;
}

export function readPart(text: string): Pick<Part, 'lines' | 'sequences'> {
  const [first = '[]', ...lines] = text.split('\n');
  lines.pop();
  return { sequences: JSON.parse(first), lines };
}
