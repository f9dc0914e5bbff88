const encoder = new TextEncoder();

/** 1 for the ASCII that stands in a JSON string as it is. */
const plain = new Uint8Array(128);
for (let unit = 0x20; unit < 128; unit++) plain[unit] = unit === 0x22 || unit === 0x5c ? 0 : 1;

/** Bytes that grow, into which JSON is written without making strings of it first. */
export class JsonBytes {
  bytes = new Uint8Array(4_096);
  /** Of the same memory. */
  view = new DataView(this.bytes.buffer);
  /** Bytes written. */
  length = 0;

  writeByte(byte: number): void {
    if (this.length === this.bytes.length) this.#reserve(1);
    this.bytes[this.length++] = byte;
  }

  /** UTF-8, as it stands. */
  writeRaw(text: string): void {
    this.#reserve(text.length * 3);
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** What stands between the quotes of a JSON string, as `JSON.stringify` writes it. */
  writeText(text: string): void {
    const { length } = text;
    this.#reserve(length * 3);
    const target = this.bytes;
    let at = this.length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) {
        if (plain[unit] === 0) {
          this.writeRaw(JSON.stringify(text).slice(1, -1));
          return;
        }
        target[at++] = unit;
      } else if (unit < 0x800) {
        target[at++] = 0xc0 | (unit >> 6);
        target[at++] = 0x80 | (unit & 0x3f);
      } else if ((unit & 0xf800) === 0xd800) {
        // Halves of surrogate pairs: together four bytes, alone an escape.
        this.writeRaw(JSON.stringify(text).slice(1, -1));
        return;
      } else {
        target[at++] = 0xe0 | (unit >> 12);
        target[at++] = 0x80 | ((unit >> 6) & 0x3f);
        target[at++] = 0x80 | (unit & 0x3f);
      }
    }
    this.length = at;
  }

  /** As `JSON.stringify` writes it. */
  writeNumber(value: number): void {
    if (value >= 0 && value <= 0x7fffffff && Math.floor(value) === value) this.#writeInteger(value | 0);
    else this.writeText(Number.isFinite(value) ? String(value) : 'null');
  }

  #writeInteger(value: number): void {
    this.#reserve(10);
    let digits = 1;
    for (let rest = (value / 10) | 0; rest > 0; rest = (rest / 10) | 0) digits++;
    const target = this.bytes;
    let rest = value;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const next = (rest / 10) | 0;
      target[at] = 48 + rest - next * 10;
      rest = next;
    }
    this.length += digits;
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
