import { isIP } from 'node:net';
import type { HostKey } from './failure.ts';

export interface Destination {
  host: string;
  port: number;
}

export interface PutEnvelope extends Destination {
  username: string;
  password?: string;
  privateKey?: string;
  passphrase?: string;
  hostKeys: HostKey[];
  directory: string;
  name: string;
  mode: 'rename' | 'direct';
  size: number;
  sha256: string;
}

/** The envelope is not of CONTRACT.md. The message names members, never their values. */
export class EnvelopeError extends Error {
  override name = 'EnvelopeError';
}

export const hostKeyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
] as const;

export function readPut(line: Buffer): PutEnvelope {
  const raw = parse(line, [
    ...['host', 'port', 'username', 'password', 'privateKey', 'passphrase', 'hostKeys'],
    ...['directory', 'name', 'mode', 'size', 'sha256'],
  ]);
  const optional = (member: string, longest: number) =>
    raw[member] === undefined ? {} : { [member]: text(raw, member, longest) };
  const credentials = {
    ...optional('password', 1_024),
    ...optional('privateKey', 16_384),
    ...optional('passphrase', 1_024),
  };
  if (!('password' in credentials || 'privateKey' in credentials))
    throw new EnvelopeError('One of "password" and "privateKey" is needed.');
  const { mode, size } = raw;
  if (mode !== 'rename' && mode !== 'direct') throw new EnvelopeError('"mode" is "rename" or "direct".');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new EnvelopeError('"size" is a number of bytes.');
  const sha256 = text(raw, 'sha256', 64);
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new EnvelopeError('"sha256" is 64 lower-case hex digits.');
  return {
    ...readDestination(raw),
    username: text(raw, 'username', 256),
    ...credentials,
    hostKeys: readHostKeys(raw.hostKeys),
    directory: readDirectory(raw),
    name: readName(raw),
    mode,
    size,
    sha256,
  };
}

export function readProbe(line: Buffer): Destination {
  return readDestination(parse(line, ['host', 'port']));
}

function parse(line: Buffer, members: string[]): Record<string, unknown> {
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    throw new EnvelopeError('The envelope is not JSON in UTF-8.');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new EnvelopeError('The envelope is not a JSON object.');
  // The name of a member that is not known could itself be a value in the wrong place.
  if (Object.keys(raw).some((member) => !members.includes(member)))
    throw new EnvelopeError(`The envelope has a member beside ${members.join(', ')}.`);
  return raw as Record<string, unknown>;
}

function text(raw: Record<string, unknown>, member: string, longest: number): string {
  const value = raw[member];
  if (typeof value !== 'string') throw new EnvelopeError(`"${member}" must be a string.`);
  if (value === '') throw new EnvelopeError(`"${member}" is empty.`);
  if (value.length > longest)
    throw new EnvelopeError(`"${member}" has more than ${longest.toLocaleString('en')} characters.`);
  return value;
}

function readDestination(raw: Record<string, unknown>): Destination {
  const host = text(raw, 'host', 253);
  if (isIP(host) === 0 && !/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?$/.test(host))
    throw new EnvelopeError('"host" is no host name and no address.');
  const { port } = raw;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new EnvelopeError('"port" is a number from 1 to 65535.');
  return { host, port };
}

function readHostKeys(raw: unknown): HostKey[] {
  const known: readonly unknown[] = hostKeyTypes;
  const right =
    Array.isArray(raw) &&
    raw.length >= 1 &&
    raw.length <= 20 &&
    raw.every(
      (key) => known.includes(key?.type) && /^SHA256:[A-Za-z0-9+/]{43}$/.test(String(key?.fingerprint)),
    );
  if (!right)
    throw new EnvelopeError(
      `"hostKeys" is 1 to 20 of {type, fingerprint}: ${hostKeyTypes.join(', ')}; SHA256:… without padding.`,
    );
  return raw.map(({ type, fingerprint }) => ({ type, fingerprint }));
}

const unsafe = /\p{Cc}/u;

function readDirectory(raw: Record<string, unknown>): string {
  const { directory } = raw;
  if (typeof directory !== 'string' || directory.length > 1_024 || unsafe.test(directory))
    throw new EnvelopeError('"directory" is a path of at most 1,024 characters, none of them control.');
  return directory;
}

function readName(raw: Record<string, unknown>): string {
  const name = text(raw, 'name', 200);
  const fits = Buffer.byteLength(name) <= 200 && !/[/\\]/.test(name) && !unsafe.test(name);
  if (!fits || name === '.' || name === '..')
    throw new EnvelopeError(
      '"name" is a file name of at most 200 bytes, without slashes or control characters.',
    );
  return name;
}
