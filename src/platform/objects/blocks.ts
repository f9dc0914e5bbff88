import { type ObjectRead, ObjectStoreError } from './store.ts';

/** Large enough that a step for each costs nothing, small enough to hold two for every upload under way. */
const blockBytes = 256 * 1024;
/** Most files are small. */
const firstBlockBytes = 16 * 1024;
const noBytes = new Uint8Array(0);

/**
 * Reads a stream in blocks. The runtime's own streams give 4 KiB a read, and each read costs more than its
 * bytes do: they are asked for whole blocks, into two buffers by turns. Others are read as they come.
 */
export class BlockReader {
  readonly #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array>;
  /** The one that the next block goes into, and the one that the last came in. */
  #buffers: [next: Uint8Array, last: Uint8Array] = [noBytes, noBytes];
  #size = firstBlockBytes;
  #reading: Promise<unknown> = Promise.resolve();
  #isReleased = false;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = readerOf(body);
  }

  /** Never an empty block; good until the call after the next. Null at the end, and once released. */
  async next(): Promise<Uint8Array | null> {
    while (!this.#isReleased) {
      const reading = this.#read();
      this.#reading = reading;
      const { done, value } = await reading;
      if (done) break;
      if (value.byteLength > 0) return value;
    }
    return null;
  }

  /** The last block is done with: the next may have its place, and the one before stays good. */
  reuseLast(): void {
    const [next, last] = this.#buffers;
    this.#buffers = [last, next];
  }

  /** Leaves the rest of the stream to others, once the read under way has ended. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    await this.#reading.catch(() => {});
    this.#reader.releaseLock();
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }

  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (!('readAtLeast' in this.#reader)) return this.#reader.read();
    const [next, last] = this.#buffers;
    const { buffer } = next.buffer.byteLength < this.#size ? new Uint8Array(this.#size) : next;
    const result = await this.#reader.readAtLeast(this.#size, new Uint8Array(buffer));
    this.#buffers = [last, result.value ?? noBytes];
    this.#size = blockBytes;
    return result;
  }
}

/**
 * Memory for whole reads that is used again: a runtime frees what its garbage holds outside the heap late, and a
 * job reads hundreds of megabytes.
 */
export class ReadMemory {
  #spare: ArrayBufferLike[] = [];
  #used: ArrayBufferLike[] = [];

  /** All bytes of a read, good until `reuse`. Throws `unavailable` where there are fewer than it said. */
  async read(object: ObjectRead): Promise<Uint8Array> {
    const { length } = object.range;
    const reader = readerOf(object.body);
    if (!('readAtLeast' in reader)) {
      reader.releaseLock();
      return object.bytes();
    }
    const { value, done } = await reader.readAtLeast(length, new Uint8Array(this.#take(length), 0, length));
    if (done || value.byteLength < length) throw new ObjectStoreError('get', null, 'short');
    this.#used.push(value.buffer);
    // Nothing is left; the runtime wants to hear so.
    await reader.cancel();
    return value;
  }

  /** What was read before is done with. */
  reuse(): void {
    this.#spare.push(...this.#used);
    this.#used = [];
  }

  #take(length: number): ArrayBufferLike {
    const at = this.#spare.findIndex(({ byteLength }) => byteLength >= length);
    if (at >= 0) return this.#spare.splice(at, 1)[0] as ArrayBufferLike;
    // One that is too small for this read is likely to be so for the next.
    this.#spare.shift();
    return new ArrayBuffer(Math.ceil(length * 1.25));
  }
}

function readerOf(body: ReadableStream<Uint8Array>) {
  try {
    return body.getReader({ mode: 'byob' });
  } catch {
    // A stream that was made of chunks: it has no bytes to fill a buffer with.
    return body.getReader();
  }
}
