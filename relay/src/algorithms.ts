import type { Algorithms } from 'ssh2';
import type { HostKey } from './failure.ts';

/**
 * Modern ones only: no SHA-1, no CBC, no finite field below 2,048 bits. AES-GCM first, which Node does in
 * hardware; ChaCha20 last, which without ssh2's native addon is slow. Post-quantum exchanges are not in ssh2.
 */
const common = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group14-sha256',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
    'chacha20-poly1305@openssh.com',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} satisfies Algorithms;

type HostKeyAlgorithm = NonNullable<Extract<Algorithms['serverHostKey'], unknown[]>>[number];

/** The signature algorithms of a key type; an RSA key signs with SHA-2 only. */
const signatures: Record<string, HostKeyAlgorithm[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/**
 * The pinned types first, so that a host with several keys shows the pinned one. The others follow, so that
 * a host which lost it can still be told apart by the key it shows instead; that key is then refused.
 */
export function algorithmsFor(pinned: readonly HostKey[]): Algorithms {
  const first = new Set(pinned.map(({ type }) => type));
  const types = Object.keys(signatures);
  const order = [...types.filter((type) => first.has(type)), ...types.filter((type) => !first.has(type))];
  return { ...common, serverHostKey: order.flatMap((type) => signatures[type] ?? []) };
}

/** Only this type of key, for a probe. */
export function algorithmsForType(type: string): Algorithms {
  return { ...common, serverHostKey: signatures[type] ?? [] };
}
