import { hashLanes } from '../../src/platform/hash.ts';
import type { Json } from '../../src/platform/tableschema/index.ts';

/** Keys that all checks together remember: twelve bytes each, in tables that are at most 70 % full. */
const maxRemembered = 4_000_000;

type Values = Readonly<Record<string, Json>>;

export interface KeyFinding {
  names: string[];
  /** Rows whose key an earlier row has, with other values. */
  repeats: number;
  firstRepeatLine: number | null;
  /** Rows without a value in one of the key's fields. */
  empty: number;
  /** Rows that were compared: fewer than there are where the memory did not reach. */
  compared: number;
}

/** Tells whether fields name a row, by 64-bit hashes of their values. A row that comes again whole is no other. */
export class KeyCheck {
  readonly #findings: KeyFinding[];
  readonly #tables: (HashTable | null)[];
  readonly #stopsAtRepeat: boolean;

  constructor(keys: readonly string[][], stopsAtRepeat: boolean) {
    this.#findings = keys.map((names) => ({
      names,
      repeats: 0,
      firstRepeatLine: null,
      empty: 0,
      compared: 0,
    }));
    this.#tables = keys.map(() => new HashTable());
    this.#stopsAtRepeat = stopsAtRepeat;
  }

  add(values: Values, line: number): void {
    if (this.#tables.every((table) => table === null)) return;
    const [rowHash] = hashLanes(JSON.stringify(values));
    for (const [i, table] of this.#tables.entries()) {
      const finding = this.#findings[i];
      if (table === null || finding === undefined) continue;
      const parts = finding.names.map((name) => values[name] ?? null);
      if (parts.includes(null) || parts.includes('')) {
        finding.empty += 1;
        continue;
      }
      finding.compared += 1;
      const before = table.put(hashLanes(JSON.stringify(parts)), rowHash);
      if (before === undefined || before === rowHash) continue;
      finding.repeats += 1;
      finding.firstRepeatLine ??= line;
      if (this.#stopsAtRepeat) this.#tables[i] = null;
    }
    this.#keepInBounds();
  }

  /** The likeliest key goes last. */
  #keepInBounds(): void {
    while (this.#tables.reduce((sum, table) => sum + (table?.size ?? 0), 0) > maxRemembered) {
      this.#tables[this.#tables.findLastIndex((table) => table !== null)] = null;
    }
  }

  get findings(): readonly KeyFinding[] {
    return this.#findings;
  }
}

/** Open addressing over plain numbers: a Map of as many would take six times the memory. */
class HashTable {
  size = 0;
  #slots = new Int32Array(3 * 1_024);

  /** What stood under the hash before, if anything did. */
  put([first, second]: readonly number[], value: number): number | undefined {
    if (this.size * 3 > this.#slots.length * 0.7) this.#grow();
    const b = second as number;
    // Two zeros mark a slot as free.
    const a = first === 0 && b === 0 ? 1 : (first as number);
    const at = this.#find(a, b);
    if (this.#slots[at] !== 0 || this.#slots[at + 1] !== 0) return this.#slots[at + 2];
    this.#write(at, a, b, value);
    this.size += 1;
    return undefined;
  }

  #write(at: number, a: number, b: number, value: number): void {
    this.#slots[at] = a;
    this.#slots[at + 1] = b;
    this.#slots[at + 2] = value;
  }

  #find(a: number, b: number): number {
    const slots = this.#slots;
    const count = slots.length / 3;
    for (let slot = (a >>> 0) & (count - 1); ; slot = (slot + 1) & (count - 1)) {
      const at = slot * 3;
      if ((slots[at] === 0 && slots[at + 1] === 0) || (slots[at] === a && slots[at + 1] === b)) return at;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 3) {
      const [a, b] = [old[at] as number, old[at + 1] as number];
      if (a !== 0 || b !== 0) this.#write(this.#find(a, b), a, b, old[at + 2] as number);
    }
  }
}
