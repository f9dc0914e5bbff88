import ssh2, { type SFTPWrapper } from 'ssh2';
import { Deadline } from './deadline.ts';
import { Failure } from './failure.ts';
import { call, type SftpError } from './sftp.ts';

const { STATUS_CODE } = ssh2.utils.sftp;

type Refusal = (error: Error & { code?: number | string }) => Failure;

/**
 * Gives the whole file its final name, over one that is there already. SFTP version 3 lets RENAME fail
 * where the new name exists, so it is removed first where the server has no `posix-rename`.
 */
export async function nameFinally(
  sftp: SFTPWrapper,
  from: string,
  to: string,
  deadline: Deadline,
  refusal: Refusal,
): Promise<'posix-rename' | 'rename' | 'remove-rename'> {
  const { _extensions: offered } = sftp as unknown as { _extensions: Record<string, string> };
  if (offered['posix-rename@openssh.com'] === '1') {
    const refused = await attempt(deadline, refusal, (done) => sftp.ext_openssh_rename(from, to, done));
    if (!refused) return 'posix-rename';
    if (isFinal(refused)) throw refused;
  }
  const refused = await attempt(deadline, refusal, (done) => sftp.rename(from, to, done));
  if (!refused) return 'rename';
  if (isFinal(refused)) throw refused;
  // Removing what is there helps only where it was in the way.
  const missing = await attempt(deadline, refusal, (done) => sftp.stat(to, (error) => done(error)));
  if (missing) throw refused;
  const kept = await attempt(deadline, refusal, (done) => sftp.unlink(to, done));
  if (kept) throw refused;
  const last = await attempt(deadline, refusal, (done) => sftp.rename(from, to, done));
  if (last) throw last;
  return 'remove-rename';
}

/** Forbidden, or nothing there to rename: no other way helps. */
function isFinal({ details }: Failure): boolean {
  return details.status === STATUS_CODE.PERMISSION_DENIED || details.status === STATUS_CODE.NO_SUCH_FILE;
}

/** null when it was done, the refusal when the server answered with one; throws when it did not answer. */
async function attempt(
  deadline: Deadline,
  refusal: Refusal,
  request: (done: (error?: SftpError) => void) => void,
): Promise<Failure | null> {
  try {
    await call<void>(deadline, request, refusal);
    return null;
  } catch (error) {
    if (error instanceof Failure && error.details.status !== undefined) return error;
    throw error;
  }
}

const mostNames = 2_000;

/**
 * Removes the part files of this name that earlier attempts left when their connection broke. Done after the
 * file has its final name and beside the verdict, so that it delays nothing; it never fails.
 */
export async function removeLeftovers(
  sftp: SFTPWrapper,
  directory: string,
  name: string,
  deadline: Deadline,
): Promise<void> {
  const brief = new Deadline();
  brief.limit(5, () => new Error('the server is slow'));
  const ignore = (error: Error) => error;
  const ask = <T>(request: (done: (error?: SftpError, value?: T) => void) => void) =>
    deadline.race(call(brief, request, ignore));
  try {
    const handle = await ask<Buffer>((done) => sftp.opendir(directory === '' ? '.' : directory, done));
    const leftovers: string[] = [];
    for (let seen = 0; seen < mostNames; ) {
      const names = await ask<{ filename: string }[]>((done) =>
        sftp.readdir(handle, done as Parameters<SFTPWrapper['readdir']>[1]),
      ).catch(() => []);
      if (names.length === 0) break;
      seen += names.length;
      leftovers.push(...names.map(({ filename }) => filename).filter((one) => isPartOf(one, name)));
    }
    await ask<void>((done) => sftp.close(handle, done));
    for (const leftover of leftovers) {
      const path = directory === '' ? leftover : `${directory.replace(/\/$/, '')}/${leftover}`;
      await ask<void>((done) => sftp.unlink(path, done));
    }
  } catch {
    // Not every server lets a folder be listed.
  } finally {
    brief.clear();
  }
}

function isPartOf(file: string, name: string): boolean {
  return file.startsWith(`.${name}.`) && /^[0-9a-f]{12}\.part$/.test(file.slice(name.length + 2));
}
