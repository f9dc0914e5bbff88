import { type CrcKind, crcKinds, createCrc } from '../platform/crc.ts';
import { fromBase64 } from '../platform/encoding.ts';
import { S3Error } from './errors.ts';

/** The checksums a client may send of a body, and the bytes of each. */
export const checksumBytes = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 } as const;
export type ChecksumAlgorithm = keyof typeof checksumBytes;

export const checksumAlgorithms = Object.keys(checksumBytes) as ChecksumAlgorithm[];

const headerPrefix = 'x-amz-checksum-';

export const checksumHeader = (algorithm: ChecksumAlgorithm) => `${headerPrefix}${algorithm}`;

/** `CRC32C`, as headers and XML name it; `ChecksumCRC32C` is the XML element. */
export function algorithmOf(name: string): ChecksumAlgorithm {
  const algorithm = checksumAlgorithms.find((one) => one === name.trim().toLowerCase());
  if (algorithm) return algorithm;
  throw new S3Error(
    'InvalidRequest',
    `The checksum algorithms here are ${checksumAlgorithms.map((one) => one.toUpperCase()).join(', ')}.`,
  );
}

export function isCrc(algorithm: ChecksumAlgorithm): algorithm is CrcKind & ChecksumAlgorithm {
  return crcKinds.some((kind) => kind === algorithm);
}

/** The bytes of a checksum in base 64; throws `S3Error` for any other text. */
export function decodeChecksum(text: string, bytes: number): Uint8Array<ArrayBuffer> {
  const padded = /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length === 4 * Math.ceil(bytes / 3);
  const decoded = padded ? fromBase64(text) : null;
  if (decoded?.byteLength === bytes) return decoded;
  throw new S3Error('InvalidDigest', `A checksum of ${bytes} bytes is written in base 64.`);
}

/** A digest of bytes that pass by. */
export interface Digester {
  update(bytes: Uint8Array): void | Promise<void>;
  digest(): Promise<Uint8Array<ArrayBuffer>>;
}

export function createDigester(algorithm: ChecksumAlgorithm | 'md5'): Digester {
  if (algorithm !== 'md5' && isCrc(algorithm)) {
    const crc = createCrc(algorithm);
    return { update: (bytes) => crc.update(bytes), digest: async () => crc.digest() };
  }
  const names = { md5: 'MD5', sha1: 'SHA-1', sha256: 'SHA-256' } as const;
  const stream = new crypto.DigestStream(names[algorithm as keyof typeof names]);
  const writer = stream.getWriter();
  stream.digest.catch(() => {});
  return {
    update: (bytes) => (bytes.byteLength === 0 ? undefined : writer.write(bytes)),
    async digest() {
      await writer.close();
      return new Uint8Array(await stream.digest);
    },
  };
}

export interface GivenChecksum {
  algorithm: ChecksumAlgorithm;
  /** Null where it comes in the trailer. */
  value: string | null;
}

/** The one checksum that a request carries or announces; throws `S3Error` for two, or for a contradiction. */
export function givenChecksum(headers: Headers, trailers: string[]): GivenChecksum | null {
  const given: GivenChecksum[] = [];
  for (const algorithm of checksumAlgorithms) {
    const value = headers.get(checksumHeader(algorithm));
    if (value !== null) given.push({ algorithm, value: value.trim() });
    if (trailers.includes(checksumHeader(algorithm))) given.push({ algorithm, value: null });
  }
  if (given.length > 1) throw new S3Error('InvalidRequest', 'Send one checksum of a body, not several.');
  const [one = null] = given;
  const named = headers.get('x-amz-sdk-checksum-algorithm');
  if (named !== null && one !== null && algorithmOf(named) !== one.algorithm) {
    throw new S3Error('InvalidRequest', 'x-amz-sdk-checksum-algorithm names another checksum than was sent.');
  }
  return one;
}
