import type { AppError } from '../../../src/platform/errors.ts';

/** Everything an error would show in a log or an answer. */
export function errorText(error: AppError): string {
  const cause = error.cause instanceof Error ? `${error.cause.message}${error.cause.stack}` : '';
  return `${error.message}${error.stack}${JSON.stringify(error)}${cause}`;
}

export function newKey(): string {
  return `conformance/${crypto.randomUUID()}`;
}

/** Bytes that repeat with no power of two, so that a swapped or shifted part shows. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * seed + ((index / 251) | 0)) % 251;
  return bytes;
}

export function streamOf(bytes: Uint8Array, chunkSize: number): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (offset >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + chunkSize));
      offset += chunkSize;
    },
  });
}

/** Gives these bytes and then nothing, nor an end. */
export function stallingAfter(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let given = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (given) await new Promise(() => {});
      given = true;
      controller.enqueue(bytes);
    },
  });
}

export function brokenAfter(length: number): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given >= length) return controller.error(new Error('the sender went away'));
      const chunk = pattern(Math.min(length - given, 200_000));
      given += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
}

/** `toEqual` walks megabytes one element at a time. */
export function equal(actual: Uint8Array | null, expected: Uint8Array): boolean {
  if (actual?.byteLength !== expected.byteLength) return false;
  for (let index = 0; index < expected.byteLength; index++) {
    if (actual[index] !== expected[index]) return false;
  }
  return true;
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
