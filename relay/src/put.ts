import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Client, SFTPWrapper, Stats } from 'ssh2';
import type { Resolution } from './addresses.ts';
import { algorithmsFor } from './algorithms.ts';
import {
  type Evidence,
  exchangeKeys,
  newClient,
  noEvidence,
  openSftp,
  openSocket,
  waitForLogin,
} from './connection.ts';
import { copySource } from './copy.ts';
import { Deadline } from './deadline.ts';
import type { PutEnvelope } from './envelope.ts';
import { Failure, type HostKey, type Phase, quote } from './failure.ts';
import { planLogin } from './login.ts';
import { nameFinally, removeLeftovers } from './rename.ts';
import { call, type SftpError, sftpFailure } from './sftp.ts';
import { WriteWindow } from './write-window.ts';

export interface Limits {
  connectSeconds: number;
  totalSeconds: number;
  resolution: Resolution;
}

export interface Delivered {
  remotePath: string;
  bytes: number;
  sha256: string;
  connectMs: number;
  mode: 'rename' | 'direct';
  renamed: 'posix-rename' | 'rename' | 'remove-rename' | 'none';
  synced: boolean;
  confirmed: 'stat' | 'fstat';
  authentication: string | null;
}

/** One put, as far as it got; read after `run` resolved or threw. */
export class Put {
  readonly evidence: Evidence = noEvidence();
  bytes = 0;
  #phase: Phase = 'resolve';
  readonly #envelope: PutEnvelope;
  readonly #attemptId: string;
  readonly #limits: Limits;
  readonly #deadline = new Deadline();
  readonly #secrets: string[];
  readonly #client: Client = newClient();
  #socket: Socket | null = null;
  #sftp: SFTPWrapper | null = null;
  #handle: Buffer | null = null;
  /** What to remove when the put fails. */
  #unfinished: string | null = null;
  #window: WriteWindow | null = null;
  #tidying: Promise<void> | null = null;

  constructor(envelope: PutEnvelope, attemptId: string, limits: Limits) {
    this.#envelope = envelope;
    this.#attemptId = attemptId;
    this.#limits = limits;
    this.#secrets = [envelope.password, envelope.passphrase, envelope.privateKey].filter(
      (secret) => secret !== undefined,
    );
  }

  /** Delivers the bytes of `source`. Throws a `Failure`. */
  async run(source: AsyncIterable<Buffer>): Promise<Delivered> {
    const startedAt = performance.now();
    this.#deadline.limit(this.#limits.totalSeconds, () => this.#late(this.#limits.totalSeconds));
    try {
      const callOff = this.#deadline.limit(this.#limits.connectSeconds, () =>
        this.#late(this.#limits.connectSeconds),
      );
      const authentication = await this.#connect();
      callOff();
      const connectMs = Math.round(performance.now() - startedAt);
      return { ...(await this.#deliver(source)), connectMs, authentication };
    } catch (error) {
      const failure = error instanceof Failure ? error : this.#unexpected(error);
      await this.#tidy(failure);
      throw failure;
    } finally {
      this.bytes = this.#window?.acknowledged ?? 0;
      this.#deadline.clear();
      void this.#leave();
    }
  }

  /** Goes on after the verdict, which it cannot change. */
  async #leave(): Promise<void> {
    await this.#tidying;
    this.#client.end();
    // A server that does not answer the goodbye is not waited for.
    setTimeout(() => this.#socket?.destroy(), 2_000).unref();
  }

  async #connect(): Promise<string | null> {
    const { hostKeys, username } = this.#envelope;
    const login = planLogin(this.#envelope, this.#secrets);
    const deadline = this.#deadline;
    this.#socket = await openSocket(
      this.#envelope,
      this.#limits.resolution,
      deadline,
      this.evidence,
      (phase) => {
        this.#phase = phase;
      },
    );
    this.#phase = 'handshake';
    const exchanged = exchangeKeys(this.#client, this.#socket, {
      algorithms: algorithmsFor(hostKeys),
      accepts: (key) =>
        hostKeys.some(({ type, fingerprint }) => type === key.type && fingerprint === key.fingerprint),
      refusal: (key) => keyChanged(key, hostKeys),
      login: { username, next: login.next },
      deadline,
      evidence: this.evidence,
    });
    await exchanged;
    this.#phase = 'auth';
    await deadline.race(waitForLogin(this.#client, login, this.#secrets));
    this.#client.on('close', () => deadline.break(this.#lost()));
    this.#phase = 'open';
    this.#sftp = await deadline.race(openSftp(this.#client));
    this.#sftp.on('error', () => deadline.break(this.#lost()));
    this.#sftp.on('close', () => deadline.break(this.#lost()));
    return login.current;
  }

  async #deliver(source: AsyncIterable<Buffer>): Promise<Omit<Delivered, 'connectMs' | 'authentication'>> {
    const { directory, name, mode, sha256 } = this.#envelope;
    const sftp = this.#sftp;
    if (!sftp || !this.#socket) throw new Error('not connected');
    const deadline = this.#deadline;
    const finalPath = pathIn(directory, name);
    const suffix = createHash('sha256').update(this.#attemptId).digest('hex').slice(0, 12);
    const path = mode === 'rename' ? pathIn(directory, `.${name}.${suffix}.part`) : finalPath;

    const handle = await this.#step<Buffer>('open', (done) =>
      sftp.open(path, mode === 'rename' ? 'wx' : 'w', done),
    );
    this.#handle = handle;
    this.#unfinished = path;
    this.#phase = 'write';
    this.#window = new WriteWindow(sftp, handle, this.#socket, deadline, (error) =>
      sftpFailure('write', error, this.#secrets),
    );
    await copySource(source, this.#window, deadline, this.#envelope);
    const synced = await this.#sync(sftp, handle);
    // In the mode `direct` a drop box may take the file away before it can be looked at by name.
    const before = mode === 'direct' ? await this.#sizeBefore(sftp, handle) : null;
    await this.#step<void>('close', (done) => sftp.close(handle, done));
    this.#handle = null;
    const confirmed = await this.#confirm(sftp, path, before);
    this.#phase = 'rename';
    const renamed =
      mode === 'rename'
        ? await nameFinally(sftp, path, finalPath, deadline, (error) =>
            sftpFailure('rename', error, this.#secrets),
          )
        : 'none';
    this.#unfinished = null;
    if (mode === 'rename') this.#tidying = removeLeftovers(sftp, directory, name, deadline);
    return {
      remotePath: finalPath,
      bytes: this.#envelope.size,
      sha256,
      mode,
      renamed,
      synced,
      confirmed,
    };
  }

  async #sync(sftp: SFTPWrapper, handle: Buffer): Promise<boolean> {
    // ssh2 throws where the server has not offered it.
    const offered = (sftp as unknown as { _extensions: Record<string, string> })._extensions;
    if (offered['fsync@openssh.com'] !== '1') return false;
    await this.#step<void>('write', (done) => sftp.ext_openssh_fsync(handle, done));
    return true;
  }

  async #sizeBefore(sftp: SFTPWrapper, handle: Buffer): Promise<number | null> {
    try {
      const stats = await this.#step<Stats>('verify', (done) => sftp.fstat(handle, done));
      return stats.size;
    } catch (error) {
      // Some servers look at no file that is open; the look by name decides then.
      if (error instanceof Failure && error.details.status !== undefined) return null;
      throw error;
    }
  }

  async #confirm(sftp: SFTPWrapper, path: string, before: number | null): Promise<'stat' | 'fstat'> {
    const { size } = this.#envelope;
    let found: number;
    try {
      found = (await this.#step<Stats>('verify', (done) => sftp.stat(path, done))).size;
    } catch (error) {
      const gone = error instanceof Failure && error.details.status === 2;
      if (gone && before === size) return 'fstat';
      throw error;
    }
    if (found === size) return 'stat';
    throw new Failure(
      'verify',
      'size_differs',
      `The server acknowledged every write, but its file has ${found} of ${size} bytes.`,
      { retry: true },
    );
  }

  /** One SFTP request in a phase of its own. */
  async #step<T>(phase: Phase, request: (done: (error?: SftpError, value?: T) => void) => void): Promise<T> {
    this.#phase = phase;
    return call(this.#deadline, request, (error) => sftpFailure(phase, error, this.#secrets));
  }

  /** After a failure: what was begun is removed, where the server still answers. */
  async #tidy(failure: Failure): Promise<void> {
    const [sftp, path, handle] = [this.#sftp, this.#unfinished, this.#handle];
    const gone = failure.code === 'connection_lost' || failure.details.uncertain;
    if (!sftp || path === null || gone || this.#socket?.destroyed) return;
    const brief = new Deadline();
    brief.limit(5, () => new Error('the server is slow'));
    this.#client.once('close', () => brief.break(new Error('the connection is lost')));
    const ignore = (error: Error) => error;
    if (handle) await call<void>(brief, (done) => sftp.close(handle, done), ignore).catch(() => undefined);
    await call<void>(brief, (done) => sftp.unlink(path, done), ignore).catch(() => undefined);
    brief.clear();
  }

  #late(seconds: number): Failure {
    const phase = this.#phase;
    const early = phase === 'resolve' || phase === 'connect' || phase === 'handshake' || phase === 'auth';
    return new Failure(
      phase,
      `${early ? phase : phase === 'open' ? 'open' : 'transfer'}_timeout`,
      `The server did not get further than "${phase}" within ${seconds} s.`,
      { retry: true, timeout: true, uncertain: phase === 'rename' },
    );
  }

  #lost(): Failure {
    const phase = this.#phase;
    return new Failure(phase, 'connection_lost', `The connection broke off during "${phase}".`, {
      retry: true,
      uncertain: phase === 'rename',
    });
  }

  #unexpected(error: unknown): Failure {
    const message = error instanceof Error ? error.message : String(error);
    return new Failure(
      this.#phase,
      'relay_fault',
      `The relay itself failed during "${this.#phase}": ${quote(message, this.#secrets)}.`,
      { retry: true, uncertain: this.#phase === 'rename' },
    );
  }
}

function keyChanged(offered: HostKey, pinned: HostKey[]): Failure {
  const list = pinned.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(' or ');
  return new Failure(
    'hostkey',
    'host_key_changed',
    `The host shows the key ${offered.type} ${offered.fingerprint}, but pinned is ${list}. No credential was sent. ` +
      'Ask the owner of the server whether its key was changed; if so, pin the new one.',
    { retry: false, offered, pinned },
  );
}

function pathIn(directory: string, name: string): string {
  if (directory === '') return name;
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
}
