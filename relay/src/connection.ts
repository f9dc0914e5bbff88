import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import ssh2, { type Algorithms, type Client, type SFTPWrapper } from 'ssh2';
import { findAddresses, type Resolution } from './addresses.ts';
import type { Deadline } from './deadline.ts';
import type { Destination } from './envelope.ts';
import { Failure, type HostKey, type Phase, quote } from './failure.ts';
import type { Login } from './login.ts';

/** What is known of the other side, for the answer; filled in as it becomes known. */
export interface Evidence {
  address: string | null;
  software: string | null;
  key: (HostKey & { publicKey: string }) | null;
  negotiated: { kex: string; hostKey: string; cipher: string; mac: string } | null;
}

export const noEvidence = (): Evidence => ({ address: null, software: null, key: null, negotiated: null });

/** Connects to the first address that takes the connection. */
export async function openSocket(
  destination: Destination,
  resolution: Resolution,
  deadline: Deadline,
  evidence: Evidence,
  onPhase: (phase: Phase) => void,
): Promise<Socket> {
  onPhase('resolve');
  const addresses = await deadline.race(findAddresses(destination.host, resolution));
  onPhase('connect');
  let last: unknown = null;
  for (const [index, address] of addresses.entries()) {
    evidence.address = address;
    // An address that never answers may not use up the time of the next.
    const seconds = index === addresses.length - 1 ? 0 : 15;
    try {
      return await dial(address, destination.port, seconds, deadline);
    } catch (error) {
      if (error instanceof Failure) throw error;
      last = error;
    }
  }
  const code = (last as NodeJS.ErrnoException | null)?.code ?? '';
  if (code === 'ECONNREFUSED') {
    throw new Failure(
      'connect',
      'refused',
      `Nothing takes connections at port ${destination.port} of the host.`,
      { retry: true },
    );
  }
  throw new Failure('connect', 'unreachable', `The host cannot be reached (${code || 'no route'}).`, {
    retry: true,
  });
}

async function dial(address: string, port: number, seconds: number, deadline: Deadline): Promise<Socket> {
  const socket = connect({ host: address, port, noDelay: true });
  const opened = new Promise<Socket>((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
    if (seconds > 0) {
      socket.setTimeout(seconds * 1_000, () =>
        reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      );
    }
  });
  try {
    const open = await deadline.race(opened);
    open.setTimeout(0);
    return open;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  }
}

/**
 * The key exchange; resolves once the host has proved a key that `accepts` takes. Nothing but the protocol's
 * own names has been sent by then. `login` absent: it ends there.
 */
export async function exchangeKeys(
  client: Client,
  socket: Socket,
  options: {
    algorithms: Algorithms;
    accepts: (key: HostKey) => boolean;
    refusal: (key: HostKey) => Failure;
    login?: { username: string; next: Login['next'] };
    deadline: Deadline;
    evidence: Evidence;
  },
): Promise<void> {
  const { evidence, deadline } = options;
  let refused: Failure | null = null;
  const exchanged = new Promise<void>((resolve, reject) => {
    client.once('handshake', ({ kex, serverHostKey, cs }) => {
      evidence.negotiated = { kex, hostKey: serverHostKey, cipher: cs.cipher, mac: cs.mac };
      resolve();
      // A probe's client must not go on to the login: ssh2 would start it right after this event.
      if (!options.login) socket.destroy();
    });
    client.once('error', (error: Error) => reject(refused ?? handshakeFailure(error)));
    client.once('close', () => reject(refused ?? handshakeFailure(new Error('the connection was closed'))));
  });
  client.connect({
    sock: socket,
    username: options.login?.username ?? 'none',
    authHandler: options.login?.next ?? ((_left, _partial, next) => next(false as never)),
    algorithms: options.algorithms,
    readyTimeout: 0,
    hostVerifier: (blob: Buffer) => {
      const key = describeKey(blob);
      evidence.key = key;
      if (options.accepts(key)) return true;
      refused = options.refusal({ type: key.type, fingerprint: key.fingerprint });
      return false;
    },
  } as Parameters<Client['connect']>[0]);
  watchIdent(socket, evidence);
  await deadline.race(exchanged);
}

function handshakeFailure(error: Error): Failure {
  const said = quote(error.message, []);
  if (/no matching/i.test(error.message)) {
    return new Failure(
      'handshake',
      'no_common_algorithm',
      `The server offers only algorithms that are not used any more, or newer ones than the relay knows: ${said}.`,
      { retry: false },
    );
  }
  return new Failure('handshake', 'handshake_failed', `The SSH handshake failed: ${said}.`, { retry: true });
}

function describeKey(blob: Buffer): HostKey & { publicKey: string } {
  const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { type, fingerprint: `SHA256:${digest}`, publicKey: `${type} ${blob.toString('base64')}` };
}

/** The server's name for itself stands in its first line, in clear (RFC 4253, 4.2). */
function watchIdent(socket: Socket, evidence: Evidence): void {
  let seen = '';
  const look = (data: Buffer) => {
    seen += data.toString('latin1');
    const ident = /(?:^|\n)SSH-(?:2\.0|1\.99)-([^\r\n]*)[\r\n]/.exec(seen)?.[1];
    if (ident === undefined && seen.length < 16_384) return;
    evidence.software = ident === undefined ? null : quote(ident, []);
    socket.off('data', look);
  };
  // ssh2 has paused the socket until it listens itself, so this starts nothing.
  socket.on('data', look);
}

/** Resolves once the login is accepted. Call before anything else is awaited after `exchangeKeys`. */
export function waitForLogin(client: Client, login: Login, secrets: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('ready', resolve);
    client.once('change password', () =>
      reject(
        new Failure('auth', 'password_expired', 'The password has expired: the server asks for a new one.', {
          retry: false,
        }),
      ),
    );
    client.on('error', (error: Error & { level?: string }) => {
      if (error.level === 'client-authentication') return reject(login.failure());
      return reject(
        new Failure(
          'auth',
          'login_broken',
          `The connection ended during the login: ${quote(error.message, secrets)}.`,
          { retry: true },
        ),
      );
    });
    client.once('close', () =>
      reject(
        new Failure('auth', 'login_broken', 'The server closed the connection during the login.', {
          retry: true,
        }),
      ),
    );
  });
}

export function openSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.sftp((error, sftp) => {
      if (!error) return resolve(sftp);
      return reject(
        new Failure('open', 'no_sftp', 'The login works, but the server does not let it use SFTP.', {
          retry: false,
        }),
      );
    });
  });
}

export const newClient = (): Client => new ssh2.Client();
