import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { KeyPair } from './keys.ts';
import { freePort } from './ports.ts';
import { pinOf, type SftpServer, sftpUrl } from './server.ts';

/** Where Debian, Fedora, Alpine and macOS put it; it must be called by its absolute path. */
const places = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/sbin/sshd'];

export function findOpenSsh(): { sshd: string; software: string } | null {
  const sshd = places.find((path) => existsSync(path));
  if (sshd === undefined) return null;
  // Those without the option -V print their own name as they refuse it.
  const { stderr, stdout } = spawnSync(sshd, ['-V'], { encoding: 'utf8' });
  return { sshd, software: /OpenSSH_[\w.]+/.exec(`${stderr}${stdout}`)?.[0] ?? 'OpenSSH' };
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * A real `sshd` on loopback with generated host keys and `internal-sftp`, for the user that runs this,
 * who logs in with a generated key. Nothing of the machine's own configuration or accounts is touched.
 */
export async function startOpenSsh(options: {
  sshd: string;
  software: string;
  hostKeys: KeyPair[];
  user: KeyPair;
  state: string;
  folder: string;
  port: number;
}): Promise<SftpServer> {
  const { sshd, software, hostKeys, user, state, folder } = options;
  const files = hostKeys.map((key) => join(state, `host_${key.type}`));
  for (const [index, key] of hostKeys.entries())
    writeFileSync(files[index] ?? '', key.privateKey, { mode: 0o600 });
  writeFileSync(join(state, 'authorized_keys'), `${user.publicKey}\n`, { mode: 0o600 });
  const port = options.port || (await freePort());
  const config = join(state, 'sshd_config');
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...files.map((file) => `HostKey ${file}`),
      `AuthorizedKeysFile ${join(state, 'authorized_keys')}`,
      // The folder is in the temporary directory, which others may write to.
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PubkeyAuthentication yes',
      'PermitRootLogin yes',
      'PidFile none',
      'UseDNS no',
      'MaxStartups 100',
      'MaxSessions 100',
      'LogLevel INFO',
      'Subsystem sftp internal-sftp',
    ].join('\n'),
  );
  // It changes its root to this folder before anyone has logged in, and refuses to start without it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });

  let child: ChildProcess | null = null;
  const start = async () => {
    child = await launch(sshd, config, port);
  };
  await start();
  const server = {
    software,
    host: '127.0.0.1',
    port,
    username: userInfo().username,
    privateKey: user.privateKey,
    hostKeys: hostKeys.map(pinOf),
    directory: folder,
    folder,
  };
  const kill = async () => {
    if (child) await endGroup(child);
    child = null;
  };
  return { ...server, url: sftpUrl(server), kill, restart: start, stop: kill };
}

async function launch(sshd: string, config: string, port: number): Promise<ChildProcess> {
  const child = spawn(sshd, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let log = '';
  child.stderr?.on('data', (data) => {
    log = (log + String(data)).slice(-4_000);
  });
  const gone = once(child, 'exit').then(() => {
    running.delete(child);
    return 'gone' as const;
  });
  const deadline = Date.now() + 20_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`sshd ended before it listened:\n${log}`);
    if (await listens(port)) return child;
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`sshd did not listen within 20 s:\n${log}`);
    }
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 20))]);
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Each connection is a process of its own, in a session of its own: found by its parent, ended with it. */
async function endGroup(child: ChildProcess): Promise<void> {
  const connections = child.pid === undefined ? [] : descendants(child.pid);
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
  for (const pid of connections) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  }
}

function descendants(pid: number): number[] {
  const parents = processParents();
  const found: number[] = [];
  const visit = (of: number) => {
    for (const [one, parent] of parents) {
      if (parent !== of) continue;
      found.push(one);
      visit(one);
    }
  };
  visit(pid);
  return found;
}

/** Each process with its parent; from `/proc`, since a bare Debian has no `ps`. */
function processParents(): [pid: number, parent: number][] {
  if (!existsSync('/proc/self/stat')) {
    const { stdout } = spawnSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' });
    return (stdout ?? '').split('\n').map((line) => {
      const [pid = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
      return [pid, parent];
    });
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)]);
}

function parentOf(pid: string): number {
  try {
    // The name in brackets may hold anything; state and parent follow its last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
