import { AppError } from '../errors.ts';
import { BlockReader } from './blocks.ts';
import type { ObjectBody } from './store.ts';

/**
 * Hands `send` a body whose length the runtime knows, as both R2's `put` and an S3 PUT want it. The last
 * bytes are held back until the source has ended, so that one which is too long, too short or broken never
 * completes a request and nothing is stored of it.
 */
export async function sendFixedLength<T>(
  body: ObjectBody,
  sizeBytes: number | undefined,
  send: (body: Uint8Array | ReadableStream<Uint8Array>, sizeBytes: number) => Promise<T>,
): Promise<T> {
  if (!(body instanceof ReadableStream)) {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    return send(bytes, bytes.byteLength);
  }
  if (sizeBytes === undefined) throw new AppError('length_required', 'A stream needs its length.');

  const fixed = new FixedLengthStream(sizeBytes);
  const writer = fixed.writable.getWriter();
  const reader = new BlockReader(body);
  const stop = async (reason: unknown) => {
    await Promise.allSettled([writer.abort(reason), reader.cancel(reason)]);
  };
  const source: { failure?: { error: unknown } } = {};
  pump(reader, writer, sizeBytes).catch((error: unknown) => {
    source.failure = { error };
    return stop(error);
  });
  try {
    const sent = await send(fixed.readable, sizeBytes);
    // The store may answer without reading the body, as when the key is taken: the pump then still waits.
    if (sent === null) await stop(null);
    return sent;
  } catch (error) {
    // Asked before `stop`: a source that is cancelled looks like one that is too short.
    const cause = source.failure ? source.failure.error : error;
    await stop(cause);
    throw cause;
  }
}

/** Rejects for the source's faults alone; that the other side no longer reads is for `send` to say. */
async function pump(
  reader: BlockReader,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  sizeBytes: number,
): Promise<void> {
  let heldBack: Uint8Array | undefined;
  let seen = 0;
  for (;;) {
    const value = await reader.next();
    if (value === null) break;
    seen += value.byteLength;
    if (seen > sizeBytes) throw lengthMismatch();
    if (heldBack && !(await succeeds(writer.write(heldBack)))) return;
    heldBack = value;
  }
  if (seen < sizeBytes) throw lengthMismatch();
  if (heldBack && !(await succeeds(writer.write(heldBack)))) return;
  await succeeds(writer.close());
}

function succeeds(step: Promise<void>): Promise<boolean> {
  return step.then(
    () => true,
    () => false,
  );
}

function lengthMismatch(): AppError {
  return new AppError('invalid_input', 'The body is not as long as was announced.');
}
