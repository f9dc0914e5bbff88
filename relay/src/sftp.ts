import ssh2 from 'ssh2';
import type { Deadline } from './deadline.ts';
import { Failure, type Phase, quote } from './failure.ts';

const { STATUS_CODE } = ssh2.utils.sftp;

/** As ssh2 gives it: `code` is the SFTP status, absent when the connection ended. */
export type SftpError = (Error & { code?: number | string }) | undefined | null;

/** One request; rejects with what `toFailure` makes of its error, or with the deadline's reason. */
export function call<T>(
  deadline: Deadline,
  request: (done: (error?: SftpError, value?: T) => void) => void,
  toFailure: (error: Error & { code?: number | string }) => unknown,
): Promise<T> {
  return deadline.race(
    new Promise<T>((resolve, reject) => {
      request((error, value) => (error ? reject(toFailure(error)) : resolve(value as T)));
    }),
  );
}

/** What an SFTP status means in a phase. */
export function sftpFailure(
  phase: Phase,
  error: Error & { code?: number | string },
  secrets: readonly string[],
): Failure {
  const { code } = error;
  if (typeof code !== 'number') {
    return new Failure(phase, 'connection_lost', `The connection broke off during "${phase}".`, {
      retry: true,
      uncertain: phase === 'rename',
    });
  }
  const said = `the server says "${quote(error.message, secrets)}" (${code})`;
  const details = { status: code };
  if (phase === 'open') {
    if (code === STATUS_CODE.NO_SUCH_FILE)
      return new Failure(
        'open',
        'no_directory',
        `The remote folder does not exist: ${said}. Create it, or correct the path.`,
        { ...details, retry: false },
      );
    if (code === STATUS_CODE.PERMISSION_DENIED)
      return new Failure(
        'open',
        'permission_denied',
        `The login may not create files in the remote folder: ${said}.`,
        { ...details, retry: false },
      );
    return new Failure('open', 'open_failed', `The file could not be created: ${said}.`, {
      ...details,
      retry: true,
    });
  }
  if (phase === 'rename' && code === STATUS_CODE.NO_SUCH_FILE) {
    return new Failure(
      'rename',
      'part_gone',
      `The whole file arrived, but was gone before it had its final name: ${said}. Another attempt may have delivered it, or the server cleans up what it does not know.`,
      { ...details, retry: true },
    );
  }
  if (phase === 'rename') {
    return new Failure(
      'rename',
      'rename_refused',
      `The whole file arrived, but the server does not let it take its final name: ${said}. Allow renames, or use the mode "direct".`,
      { ...details, retry: false },
    );
  }
  if (phase === 'write' && code === STATUS_CODE.PERMISSION_DENIED)
    return new Failure('write', 'permission_denied', `The server stopped taking data: ${said}.`, {
      ...details,
      retry: true,
    });
  const what =
    phase === 'write'
      ? 'A write failed'
      : phase === 'close'
        ? 'Closing the file failed'
        : 'The size could not be read back';
  const name = phase === 'write' ? 'write_failed' : phase === 'close' ? 'close_failed' : 'stat_failed';
  return new Failure(phase, name, `${what}: ${said}. A full disk or a quota does this.`, {
    ...details,
    retry: true,
  });
}
