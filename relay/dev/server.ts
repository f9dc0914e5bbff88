import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type KeyPair, keysIn } from './keys.ts';
import { findOpenSsh, startOpenSsh } from './openssh.ts';
import { startScriptedServer } from './scripted.ts';

/** An SFTP server on loopback, for development, the demo and tests. */
export interface SftpServer {
  /** `OpenSSH_9.2p1`, or `ssh2` where this machine has no `sshd`. */
  software: string;
  host: string;
  port: number;
  username: string;
  /** Absent where only keys log in: a real `sshd` would look the password up in the machine's own accounts. */
  password?: string;
  /** Unencrypted, in OpenSSH's format. */
  privateKey: string;
  hostKeys: { type: string; fingerprint: string }[];
  /** The remote folder to write to, absolute. */
  directory: string;
  /** The same folder on this machine, to read back what arrived. */
  folder: string;
  /** `sftp://user[:password]@host:port/directory`, percent-encoded. */
  url: string;
  /** Ends it and its connections as a power cut would; nothing listens until `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the same keys and files. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface SftpServerOptions {
  /** Any free port unless told. */
  port?: number;
  /** Keeps keys and files, in its `incoming`; a fresh folder unless told, and then it goes with `stop`. */
  stateDir?: string;
}

/** OpenSSH's own `sshd` where the machine has it, else the scriptable server of the `ssh2` package. */
export async function startSftpServer(options: SftpServerOptions = {}): Promise<SftpServer> {
  const state = options.stateDir ?? mkdtempSync(join(tmpdir(), 'crosswalk-sftp-'));
  const folder = resolve(state, 'incoming');
  mkdirSync(folder, { recursive: true });
  const keys = keysIn(state);
  const openSsh = findOpenSsh();
  const port = options.port ?? 0;
  const server = openSsh
    ? await startOpenSsh({ ...openSsh, ...keys, state: resolve(state), folder, port })
    : await startScriptedServer({ ...keys, folder, port });
  return {
    ...server,
    async stop() {
      await server.kill();
      if (options.stateDir === undefined) rmSync(state, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

export function sftpUrl(server: {
  host: string;
  port: number;
  username: string;
  password?: string;
  directory: string;
}): string {
  const password = server.password === undefined ? '' : `:${encodeURIComponent(server.password)}`;
  const path = server.directory.split('/').map(encodeURIComponent).join('/');
  return `sftp://${encodeURIComponent(server.username)}${password}@${server.host}:${server.port}${path}`;
}

export const pinOf = ({ type, fingerprint }: KeyPair) => ({ type, fingerprint });
