import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type CrcKind, combineCrc, crcKinds, createCrc } from '../../src/platform/crc.ts';
import { toHex } from '../../src/platform/encoding.ts';

function hexOf(kind: CrcKind, ...pieces: Uint8Array[]): string {
  const crc = createCrc(kind);
  for (const piece of pieces) crc.update(piece);
  return toHex(crc.digest());
}

/** One bit at a time, straight from the definition. */
function slowly(kind: CrcKind, bytes: Uint8Array): string {
  const width = kind === 'crc64nvme' ? 64n : 32n;
  const polynomial = { crc32: 0xedb88320n, crc32c: 0x82f63b78n, crc64nvme: 0x9a6c9329ac4bc9b5n }[kind];
  const ones = (1n << width) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return (crc ^ ones).toString(16).padStart(Number(width) / 4, '0');
}

describe('a CRC', () => {
  // The check values of the catalogue of parametrised CRC algorithms.
  it.each([
    ['crc32', 'cbf43926'],
    ['crc32c', 'e3069283'],
    ['crc64nvme', 'ae8b14860a799888'],
  ] as const)('%s of "123456789" is %s', (kind, check) => {
    expect(hexOf(kind, new TextEncoder().encode('123456789'))).toBe(check);
  });

  it.each(crcKinds)('%s is that of the definition, for any length and however it is cut', (kind) => {
    for (let length = 0; length < 70; length++) {
      const bytes = randomBytes(length);
      const expected = slowly(kind, bytes);
      expect(hexOf(kind, bytes)).toBe(expected);
      const cut = Math.floor(length / 3);
      expect(hexOf(kind, bytes.subarray(0, cut), bytes.subarray(cut, cut), bytes.subarray(cut))).toBe(
        expected,
      );
    }
  });

  it('crc32 is that of zlib for a large body', () => {
    const bytes = randomBytes(1_000_003);
    expect(hexOf('crc32', bytes)).toBe(crc32(bytes).toString(16).padStart(8, '0'));
  });

  it.each(crcKinds)('%s of two stretches is combined from theirs', (kind) => {
    for (const [first, second] of [
      [0, 0],
      [5, 0],
      [0, 5],
      [1, 1],
      [1_000, 70_001],
    ] as const) {
      const [a, b] = [randomBytes(first), randomBytes(second)];
      const of = (bytes: Uint8Array) => {
        const crc = createCrc(kind);
        crc.update(bytes);
        return crc.digest();
      };
      expect(toHex(combineCrc(kind, of(a), of(b), second))).toBe(hexOf(kind, a, b));
    }
  });
});
