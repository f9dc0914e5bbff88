import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';

/** A key pair of a host or a user, made for one run. */
export interface KeyPair {
  type: string;
  /** OpenSSH's own format. */
  privateKey: string;
  /** As a line of `authorized_keys`. */
  publicKey: string;
  /** As `ssh-keygen -l` prints it. */
  fingerprint: string;
}

type Kind = 'ed25519' | 'ecdsa' | 'rsa';

export function makeKey(kind: Kind = 'ed25519', passphrase?: string): KeyPair {
  const made = generate(kind, passphrase);
  const [type = '', blob = ''] = made.public.split(' ');
  return {
    type,
    privateKey: made.private,
    publicKey: `${type} ${blob}`,
    fingerprint: fingerprintOf(Buffer.from(blob, 'base64')),
  };
}

/** ssh2 1.17 writes one Ed25519 key in 170 malformed: it drops leading zero bytes. Such a one is made again. */
function generate(kind: Kind, passphrase: string | undefined): ssh2.utils.KeyPairReturn {
  const bits = { ed25519: 256, ecdsa: 256, rsa: 2_048 }[kind];
  for (;;) {
    const made =
      passphrase === undefined
        ? ssh2.utils.generateKeyPairSync(kind, { bits })
        : ssh2.utils.generateKeyPairSync(kind, { bits, passphrase, cipher: 'aes256-ctr', rounds: 16 });
    const read = [ssh2.utils.parseKey(made.private, passphrase), ssh2.utils.parseKey(made.public)];
    if (!read.some((key) => key instanceof Error)) return made;
  }
}

function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

export interface ServerKeys {
  hostKeys: KeyPair[];
  /** With which the one user logs in. */
  user: KeyPair;
}

/** The keys of a server, made once per folder, so that a pinned host is the same after a restart. */
export function keysIn(folder: string): ServerKeys {
  const file = join(folder, 'keys.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const made = makeKeys();
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  return made;
}

export function makeKeys(): ServerKeys {
  return { hostKeys: [makeKey('ed25519'), makeKey('ecdsa'), makeKey('rsa')], user: makeKey('ed25519') };
}
