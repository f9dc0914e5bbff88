import { readFileSync } from 'node:fs';
import { type BlockList, isIP } from 'node:net';
import { parseNetworks } from './addresses.ts';

/** What the process is told by its environment; README, "The relay". */
export interface Settings {
  port: number;
  host: string;
  token: string;
  egress: string[];
  allowedNetworks: BlockList;
  maxTransfers: number;
  connectSeconds: number;
  totalSeconds: number;
  tls: { cert: Buffer; key: Buffer } | null;
}

/** Throws with a sentence that names the setting, never its value. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const token = env.RELAY_TOKEN ?? '';
  if (token.length < 32)
    throw new Error('RELAY_TOKEN must be set, the same as the hub has, with at least 32 characters.');
  const egress = list(env.RELAY_EGRESS);
  if (!egress.every((address) => isIP(address) !== 0))
    throw new Error('RELAY_EGRESS must be addresses, separated by commas.');
  const { RELAY_TLS_CERT: cert, RELAY_TLS_KEY: key } = env;
  if ((cert ?? '') === '' ? (key ?? '') !== '' : (key ?? '') === '')
    throw new Error('RELAY_TLS_CERT and RELAY_TLS_KEY are files that are given together.');
  return {
    port: number(env, 'PORT', 8788, 65_535, 0),
    host: env.HOST || '127.0.0.1',
    token,
    egress,
    allowedNetworks: networks(env),
    maxTransfers: number(env, 'RELAY_MAX_TRANSFERS', 8, 1_000),
    connectSeconds: number(env, 'RELAY_CONNECT_SECONDS', 60, 60),
    totalSeconds: number(env, 'RELAY_TOTAL_SECONDS', 300, 300),
    tls: cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : null,
  };
}

function list(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

function networks(env: Record<string, string | undefined>): BlockList {
  try {
    return parseNetworks(list(env.RELAY_ALLOW_NETWORKS));
  } catch (error) {
    throw new Error(`RELAY_ALLOW_NETWORKS: ${(error as Error).message}.`);
  }
}

function number(
  env: Record<string, string | undefined>,
  name: string,
  fallback: number,
  most: number,
  least = 1,
): number {
  const text = env[name]?.trim();
  if (!text) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`${name} must be a whole number from ${least} to ${most}.`);
  return value;
}
