/** A file may not unpack to more than this, nor, beyond its first 10 MiB, to 200 times its size. */
const inflatedBytesLimit = 5_000_000_000;
const ratioLimit = 200;
const ratioFloorBytes = 10 * 1_024 * 1_024;

export function isInflatedTooLarge(inflatedBytes: number, gzipBytes: number): boolean {
  if (inflatedBytes > inflatedBytesLimit) return true;
  return inflatedBytes > ratioFloorBytes && inflatedBytes > ratioLimit * gzipBytes;
}

export type GzipRefusalCode = 'gzip_too_large' | 'gzip_broken' | 'nested_gzip';

export const gzipMessages: Record<GzipRefusalCode, string> = {
  gzip_too_large: `The file unpacks to more than ${inflatedBytesLimit / 1e9} GB, or to more than ${ratioLimit} times its size: split it, or send it unpacked.`,
  gzip_broken:
    'The gzip file is broken, cut off or several in one: it cannot be unpacked to its end. Compress the file in one go, and send it again.',
  nested_gzip: 'The file is compressed twice: compress it once, or not at all.',
};
