import type { Config } from '../env.ts';
import { type FileVersion, folderName, requireFilename } from '../features/files/index.ts';
import { decodePath } from './canonical.ts';
import { S3Error } from './errors.ts';

/** The bucket and the key that a request names; null for the service, or the bucket, itself. */
export interface Target {
  bucket: string | null;
  key: string | null;
}

const maxKeyBytes = 1_024;
const environments = ['production', 'qa'] as const;

/** `private-iqu.hub.example/key` (host style) or `hub.example/private-iqu/key` (path style). */
export function targetOf(host: string, path: string, ownBucket: string): Target {
  const decoded = decodePath(path).slice(1);
  const isHostStyle = host.toLowerCase().startsWith(`${ownBucket}.`);
  const slash = decoded.indexOf('/');
  const first = slash < 0 ? decoded : decoded.slice(0, slash);
  const rest = slash < 0 ? '' : decoded.slice(slash + 1);
  const [bucket, key] = isHostStyle ? [ownBucket, decoded] : [first, rest];
  if (new TextEncoder().encode(key).byteLength > maxKeyBytes) {
    throw new S3Error('KeyTooLongError', `A key has at most ${maxKeyBytes} bytes.`);
  }
  return { bucket: bucket === '' && key === '' ? null : bucket, key: key === '' ? null : key };
}

/** The prefix of the drops that this deployment consumes: `production/`, in a QA deployment `qa/`. */
export function ownPrefix(config: Config): string {
  return `${config.DROP_ENVIRONMENT}/`;
}

export interface DropName {
  folder: string;
  filename: string;
}

/** Where a key's file lies; null for a key that none can have. */
export function dropNameOf(config: Config, key: string): DropName | null {
  const parts = key.split('/');
  const [environment = '', folder = '', filename = ''] = parts;
  if (parts.length !== 3 || !environments.some((one) => one === environment)) return null;
  if (!folderName.safeParse(folder).success || /[\ufffe\uffff]/.test(filename)) return null;
  try {
    requireFilename(filename);
  } catch {
    return null;
  }
  const isOwn = ownPrefix(config) === `${environment}/`;
  return { folder: isOwn ? folder : `${environment}/${folder}`, filename };
}

/** The same for a key that is to be written; throws `InvalidArgument`, which says how keys look. */
export function newDropName(config: Config, key: string): DropName {
  const name = dropNameOf(config, key);
  if (name) return name;
  throw new S3Error(
    'InvalidArgument',
    'A key here is {production or qa}/{folder}/{filename}: a folder has 1 to 63 characters of A-Z, a-z, 0-9, "_" and "-"; a file name has at most 255 characters and no control character.',
  );
}

export function keyOf(
  config: Config,
  { folder, filename }: Pick<FileVersion, 'folder' | 'filename'>,
): string {
  return `${folder.includes('/') ? '' : ownPrefix(config)}${folder}/${filename}`;
}
