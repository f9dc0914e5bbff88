import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type GzipRefusalCode, gzipMessages, isInflatedTooLarge } from '../../src/platform/gzip.ts';

/** Bytes of either end that detection looks at, as in the hub. */
const endBytes = 1_024 * 1_024;

/** The hub would refuse the file as a whole. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A file as the hub reads it: a gzip file is inflated on the way, each time it is read. */
export interface FileSource {
  isGzip: boolean;
  /** Of the file as it lies there. */
  storedBytes: number;
  /** Of what is read. */
  sizeBytes: number;
  head: Uint8Array;
  tail: Uint8Array;
  /** The bytes from `offset` on. */
  read(offset: number): AsyncGenerator<Uint8Array>;
}

export async function openSource(path: string): Promise<FileSource> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const at = async (offset: number, length: number) => {
      const buffer = new Uint8Array(length);
      const { bytesRead } = await file.read(buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    };
    const head = await at(0, Math.min(size, endBytes));
    if (head[0] !== 0x1f || head[1] !== 0x8b) {
      const tail = size <= endBytes ? head : await at(size - endBytes, endBytes);
      const read = (offset: number) => plain(path, offset);
      return { isGzip: false, storedBytes: size, sizeBytes: size, head, tail, read };
    }
    const ends = new Ends();
    for await (const bytes of inflated(path, size)) ends.add(bytes);
    if (ends.head[0] === 0x1f && ends.head[1] === 0x8b) throw gzipRefusal('nested_gzip');
    const read = (offset: number) => skipped(inflated(path, size), offset);
    return {
      isGzip: true,
      storedBytes: size,
      sizeBytes: ends.sizeBytes,
      head: ends.head,
      tail: ends.tail,
      read,
    };
  } finally {
    await file.close();
  }
}

function gzipRefusal(code: GzipRefusalCode): Refusal {
  return new Refusal(code, gzipMessages[code]);
}

async function* plain(path: string, offset: number): AsyncGenerator<Uint8Array> {
  for await (const bytes of createReadStream(path, { start: offset })) yield bytes as Uint8Array;
}

/** The same decompressor that the hub has, so that both refuse the same files. */
async function* inflated(path: string, gzipBytes: number): AsyncGenerator<Uint8Array> {
  const stored = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array<ArrayBuffer>>;
  let total = 0;
  const unpacked = stored.pipeThrough(new DecompressionStream('gzip'));
  try {
    for await (const bytes of unpacked) {
      total += bytes.length;
      if (isInflatedTooLarge(total, gzipBytes)) throw gzipRefusal('gzip_too_large');
      yield bytes;
    }
  } catch (error) {
    throw error instanceof Refusal ? error : gzipRefusal('gzip_broken');
  }
}

async function* skipped(stream: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const bytes of stream) {
    if (left < bytes.length) yield left === 0 ? bytes : bytes.subarray(left);
    left = Math.max(0, left - bytes.length);
  }
}

/** The first and the last MiB of what goes by. */
class Ends {
  sizeBytes = 0;
  #head: Uint8Array[] = [];
  #tail: Uint8Array[] = [];
  #tailBytes = 0;

  add(bytes: Uint8Array): void {
    if (this.sizeBytes < endBytes) this.#head.push(bytes.slice(0, endBytes - this.sizeBytes));
    this.sizeBytes += bytes.length;
    this.#tail.push(bytes);
    this.#tailBytes += bytes.length;
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= endBytes) {
      this.#tailBytes -= this.#tail.shift()?.length ?? 0;
    }
  }

  get head(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#head));
  }

  get tail(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#tail)).subarray(-endBytes);
  }
}
