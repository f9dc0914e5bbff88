import { createHash } from 'node:crypto';
import type { Deadline } from './deadline.ts';
import type { PutEnvelope } from './envelope.ts';
import { Failure } from './failure.ts';
import type { WriteWindow } from './write-window.ts';

/**
 * Streams the source through the window until every write is acknowledged. Throws a `Failure` of the phase
 * `source` when its bytes are not what was announced.
 */
export async function copySource(
  source: AsyncIterable<Buffer>,
  window: WriteWindow,
  deadline: Deadline,
  { size, sha256 }: Pick<PutEnvelope, 'size' | 'sha256'>,
): Promise<void> {
  const hash = createHash('sha256');
  let received = 0;
  let chunk: Buffer | null = null;
  let filled = 0;
  const pieces = source[Symbol.asyncIterator]();
  for (;;) {
    const { done, value: piece } = await deadline.race(nextPiece(pieces));
    if (done) break;
    hash.update(piece);
    if (received + piece.length > size)
      throw sourceFailure('source_too_long', 'The hub sent more bytes than it had announced.');
    for (let at = 0; at < piece.length; ) {
      chunk ??= await window.take();
      const copied: number = piece.copy(
        chunk,
        filled,
        at,
        Math.min(piece.length, at + chunk.length - filled),
      );
      at += copied;
      filled += copied;
      received += copied;
      if (filled < chunk.length) continue;
      window.send(chunk, filled, received - filled);
      chunk = null;
      filled = 0;
    }
  }
  if (received < size) throw sourceFailure('source_ended', 'The hub sent fewer bytes than it had announced.');
  if (hash.digest('hex') !== sha256)
    throw sourceFailure('source_hash', 'The bytes that the hub sent do not have the SHA-256 it announced.');
  if (chunk && filled > 0) window.send(chunk, filled, received - filled);
  await window.flush();
}

async function nextPiece(pieces: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
  try {
    return await pieces.next();
  } catch {
    throw sourceFailure('source_ended', 'The hub broke off before the end of the file.');
  }
}

function sourceFailure(code: string, message: string): Failure {
  return new Failure('source', code, message, { retry: true });
}
