import fs from 'node:fs';
import type { Socket } from 'node:net';
import { join, posix } from 'node:path';
import ssh2, { type SFTPWrapper } from 'ssh2';
import type { Fault } from './faults.ts';

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

interface OpenFile {
  descriptor: number;
  path: string;
}

/** Serves a folder over SFTP version 3 with `posix-rename` and `fsync`, as faulty as `fault()` says. */
export function serveFiles(
  sftp: SFTPWrapper,
  folder: string,
  fault: () => Fault | null,
  log: string[],
  socket: Socket,
): void {
  const open = new Map<number, OpenFile>();
  let nextHandle = 1;
  let inFlight = 0;
  // Absolute or relative to the login folder: both are the root, and nothing leads out of it.
  const local = (path: string) => join(folder, posix.normalize(`/${path}`));
  const handleOf = (buffer: Buffer) => (buffer.length === 4 ? open.get(buffer.readUInt32BE(0)) : undefined);
  const done = (id: number, error: unknown = null) => sftp.status(id, statusOf(error));
  const attempt = (id: number, work: () => void) => {
    try {
      work();
      done(id);
    } catch (error) {
      done(id, error);
    }
  };
  advertise(
    sftp,
    fault()?.kind === 'no-posix-rename' ? [] : ['posix-rename@openssh.com', 'fsync@openssh.com'],
  );
  sftp.on('error', () => undefined);
  sftp.on('end', () => {
    for (const file of open.values()) fs.closeSync(file.descriptor);
    open.clear();
    sftp.end();
  });

  sftp.on('OPEN', (id, name, flags) => {
    log.push(`OPEN ${name}`);
    const now = fault();
    if (now?.kind === 'no-open') return sftp.status(id, now.status);
    try {
      const descriptor = fs.openSync(local(name), nodeFlags(flags), 0o644);
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(nextHandle, 0);
      open.set(nextHandle, { descriptor, path: local(name) });
      nextHandle += 1;
      return sftp.handle(id, handle);
    } catch (error) {
      return done(id, error);
    }
  });

  sftp.on('WRITE', (id, buffer, offset, data) => {
    const file = handleOf(buffer);
    const now = fault();
    if (!file) return sftp.status(id, STATUS_CODE.FAILURE);
    if (now?.kind === 'write-limit' && data.length > now.bytes) return sftp.status(id, STATUS_CODE.FAILURE);
    if (now?.kind === 'disk-full' && offset + data.length > now.afterBytes)
      return sftp.status(id, STATUS_CODE.FAILURE);
    if (now?.kind === 'talkative') return sftp.status(id, STATUS_CODE.PERMISSION_DENIED, now.text);
    if (now?.kind === 'drop' && offset + data.length > now.afterBytes) return socket.destroy();
    if (now?.kind === 'lost-writes' && offset + data.length > now.afterBytes) return done(id);
    inFlight += 1;
    if (now?.kind === 'few-at-once' && inFlight > now.requests) {
      inFlight -= 1;
      return sftp.status(id, STATUS_CODE.FAILURE);
    }
    const waitMs =
      now?.kind === 'slow' ? (data.length / now.bytesPerSecond) * 1_000 : now?.kind === 'few-at-once' ? 1 : 0;
    const write = () => {
      inFlight -= 1;
      attempt(id, () => fs.writeSync(file.descriptor, data, 0, data.length, offset));
    };
    if (waitMs > 0) setTimeout(write, waitMs);
    else write();
    return undefined;
  });

  sftp.on('CLOSE', (id, buffer) => {
    if (buffer.length === 5) return done(id);
    const file = handleOf(buffer);
    if (!file) return sftp.status(id, STATUS_CODE.FAILURE);
    log.push('CLOSE');
    open.delete(buffer.readUInt32BE(0));
    fs.closeSync(file.descriptor);
    if (fault()?.kind === 'close-error') return sftp.status(id, STATUS_CODE.FAILURE);
    if (fault()?.kind === 'drop-box') fs.renameSync(file.path, `${file.path}.taken`);
    return done(id);
  });

  const answerStat = (id: number, look: () => fs.Stats) => {
    try {
      const { mode, uid, gid, size, atimeMs, mtimeMs } = look();
      sftp.attrs(id, { mode, uid, gid, size, atime: atimeMs / 1_000, mtime: mtimeMs / 1_000 });
    } catch (error) {
      done(id, error);
    }
  };
  sftp.on('FSTAT', (id, buffer) => {
    log.push('FSTAT');
    answerStat(id, () => fs.fstatSync(handleOf(buffer)?.descriptor ?? -1));
  });
  for (const name of ['STAT', 'LSTAT'] as const) {
    sftp.on(name as 'STAT', (id: number, path: string) => {
      log.push(`STAT ${path}`);
      answerStat(id, () => fs.statSync(local(path)));
    });
  }
  sftp.on('REMOVE', (id, path) => {
    log.push(`REMOVE ${path}`);
    attempt(id, () => fs.unlinkSync(local(path)));
  });
  sftp.on('RENAME', (id, from, to) => {
    log.push(`RENAME ${to}`);
    if (fault()?.kind === 'no-rename') return sftp.status(id, STATUS_CODE.PERMISSION_DENIED);
    // Version 3 says that the new name must not exist.
    if (fs.existsSync(local(to))) return sftp.status(id, STATUS_CODE.FAILURE);
    return attempt(id, () => fs.renameSync(local(from), local(to)));
  });
  sftp.on('EXTENDED', (id, name, data) => {
    log.push(name);
    if (name === 'fsync@openssh.com') return done(id);
    if (name !== 'posix-rename@openssh.com') return sftp.status(id, STATUS_CODE.OP_UNSUPPORTED);
    if (fault()?.kind === 'no-rename') return sftp.status(id, STATUS_CODE.PERMISSION_DENIED);
    const fromLength = data.readUInt32BE(0);
    const from = data.subarray(4, 4 + fromLength).toString();
    const to = data.subarray(8 + fromLength).toString();
    if (fault()?.kind === 'drop-after-rename') {
      fs.renameSync(local(from), local(to));
      return socket.destroy();
    }
    return attempt(id, () => fs.renameSync(local(from), local(to)));
  });
  sftp.on('REALPATH', (id, path) =>
    sftp.name(id, [{ filename: posix.normalize(`/${path}`), longname: '', attrs: {} as never }]),
  );
  serveListing(sftp, local, log);
}

function serveListing(sftp: SFTPWrapper, local: (path: string) => string, log: string[]): void {
  const listings = new Map<number, string[]>();
  sftp.on('OPENDIR', (id, path) => {
    log.push(`OPENDIR ${path}`);
    try {
      const handle = Buffer.alloc(5);
      const number = listings.size + 1;
      handle.writeUInt32BE(number, 1);
      listings.set(number, fs.readdirSync(local(path)));
      sftp.handle(id, handle);
    } catch (error) {
      sftp.status(id, statusOf(error));
    }
  });
  sftp.on('READDIR', (id, buffer) => {
    const names = listings.get(buffer.readUInt32BE(1))?.splice(0, 100) ?? [];
    if (names.length === 0) return sftp.status(id, STATUS_CODE.EOF);
    return sftp.name(
      id,
      names.map((filename) => ({ filename, longname: filename, attrs: {} as never })),
    );
  });
}

function nodeFlags(flags: number): number {
  const { O_WRONLY, O_RDWR, O_RDONLY, O_CREAT, O_TRUNC, O_EXCL } = fs.constants;
  const write = (flags & OPEN_MODE.WRITE) !== 0;
  const read = (flags & OPEN_MODE.READ) !== 0;
  return (
    (write ? (read ? O_RDWR : O_WRONLY) : O_RDONLY) |
    (flags & OPEN_MODE.CREAT ? O_CREAT : 0) |
    (flags & OPEN_MODE.TRUNC ? O_TRUNC : 0) |
    (flags & OPEN_MODE.EXCL ? O_EXCL : 0)
  );
}

function statusOf(error: unknown): number {
  if (error === null) return STATUS_CODE.OK;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return STATUS_CODE.NO_SUCH_FILE;
  if (code === 'EACCES' || code === 'EPERM') return STATUS_CODE.PERMISSION_DENIED;
  return STATUS_CODE.FAILURE;
}

/**
 * The package's server always says that it has no extensions: its VERSION answer, the first packet of the
 * channel, is replaced by one that lists them. Internals of ssh2 1.17, which relay/package.json pins.
 */
function advertise(sftp: SFTPWrapper, extensions: string[]): void {
  const { _protocol: protocol } = sftp as unknown as {
    _protocol: { channelData(channel: number, data: Buffer): void };
  };
  const original = protocol.channelData;
  protocol.channelData = function replaceVersion(channel, data) {
    protocol.channelData = original;
    const isVersion = data.length === 9 && data[4] === 2;
    original.call(protocol, channel, isVersion ? versionPacket(extensions) : data);
  };
}

function versionPacket(extensions: string[]): Buffer {
  const strings = extensions
    .flatMap((name) => [name, '1'])
    .map((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length, 0);
      return Buffer.concat([length, bytes]);
    });
  const body = Buffer.concat([Buffer.from([2, 0, 0, 0, 3]), ...strings]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length, 0);
  return Buffer.concat([length, body]);
}
