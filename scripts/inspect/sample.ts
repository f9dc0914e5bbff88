/** Rows, and characters of them, that each third of a sample may hold. */
const partRows = 1_000;
const partChars = 8_000_000;

interface Sampled<Row> {
  row: Row;
  size: number;
}

/** Keeps the first rows of a file, the last ones, and some from all over, in bounded memory. */
export class Sample<Row> {
  readonly #first: Row[] = [];
  #firstChars = 0;
  readonly #spread: Row[] = [];
  readonly #last: Sampled<Row>[] = [];
  #lastChars = 0;
  #seen = 0;
  #stride = 1;

  add(row: Row, size: number): void {
    if (this.#first.length < partRows && this.#firstChars + size <= partChars) {
      this.#first.push(row);
      this.#firstChars += size;
      return;
    }
    this.#last.push({ row, size });
    this.#lastChars += size;
    while (this.#last.length > partRows || this.#lastChars > partChars) {
      const left = this.#last.shift();
      if (left === undefined) return;
      this.#lastChars -= left.size;
      if (left.size <= partChars / partRows) this.#spreadOut(left.row);
    }
  }

  /** Every n-th row; whenever there are too many, every other one goes. */
  #spreadOut(row: Row): void {
    if (this.#seen++ % this.#stride !== 0) return;
    this.#spread.push(row);
    if (this.#spread.length < partRows * 2) return;
    const kept = this.#spread.filter((_, i) => i % 2 === 0);
    this.#spread.splice(0, this.#spread.length, ...kept);
    this.#stride *= 2;
  }

  get rows(): Row[] {
    return [...this.#first, ...this.#spread, ...this.#last.map(({ row }) => row)];
  }
}
