import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrateLocal } from './migrate.ts';

const ownRoot = fileURLToPath(new URL('..', import.meta.url));
const wrangler = join(ownRoot, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

export const localSystemKey = 'cwk_example_system_key_for_local_development_only';

export interface HubOptions {
  /** 0 or absent: any free port. */
  port?: number;
  /** Whose code runs: this checkout's unless told. Its packages are there. */
  root?: string;
  /** Where the runtime keeps D1 and R2; a fresh folder unless told, and then it goes with `stop`. */
  stateDir?: string;
  /** Settings over those of `.dev.vars.example`. */
  vars?: Record<string, string>;
  /** Reads this file of settings instead. */
  envFile?: string;
  /** What `/healthz` answers once the hub is up: 200, or 503 where its settings are to be refused. */
  healthStatus?: 200 | 503;
  /** Sees each line the runtime prints. */
  onLine?: (line: string) => void;
}

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** A hub in a process of its own: the real runtime with its embedded D1, R2, queues and e-mail. */
export interface Hub {
  url: string;
  stateDir: string;
  lines: string[];
  /** Every mail sent so far, as the runtime wrote it down. */
  mails(): Mail[];
  /** Ends the process as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same state and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Migrates a local database and starts the hub on it; resolves when it answers. */
export async function startHub(options: HubOptions = {}): Promise<Hub> {
  const port = options.port || (await freePort());
  const ownsState = options.stateDir === undefined;
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'crosswalk-'));
  const url = `http://127.0.0.1:${port}`;
  const lines: string[] = [];
  await migrateLocal(stateDir, options.root ?? ownRoot);
  let child: ChildProcess | null = null;
  const start = async () => {
    child = await startRuntime(port, stateDir, options, (line) => {
      lines.push(line);
      options.onLine?.(line);
    });
  };
  const kill = async () => {
    if (child) await killGroup(child);
    child = null;
  };
  await start();
  return {
    url,
    stateDir,
    lines,
    mails: () => readMails(lines),
    kill,
    restart: start,
    async stop() {
      if (child) await endGroup(child);
      child = null;
      if (ownsState) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

const quiet = { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1', FORCE_COLOR: '0' };

async function startRuntime(
  port: number,
  stateDir: string,
  options: HubOptions,
  onLine: (line: string) => void,
): Promise<ChildProcess> {
  const url = `http://127.0.0.1:${port}`;
  const vars = { PUBLIC_URL: url, S3_ENDPOINT: `${url}/cdn-cgi/local/r2/s3`, ...options.vars };
  const root = options.root ?? ownRoot;
  const envFile = options.envFile ?? join(root, '.dev.vars.example');
  const args = [wrangler, 'dev', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0'];
  args.push('--persist-to', stateDir, '--env-file', envFile, '--show-interactive-dev-session=false');
  for (const [name, value] of Object.entries(vars)) args.push('--var', `${name}:${value}`);
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: quiet,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  runningGroups.add(child);
  splitLines(child, onLine);
  let exited = false;
  child.once('exit', () => {
    exited = true;
    runningGroups.delete(child);
  });
  const recent: string[] = [];
  const remember = (data: unknown) => recent.push(String(data));
  child.stdout?.on('data', remember);
  child.stderr?.on('data', remember);
  const deadline = Date.now() + 3 * 60_000;
  for (;;) {
    if (exited) throw new Error(`The runtime ended before it answered:\n${recent.join('').slice(-4_000)}`);
    if (await answers(url, options.healthStatus ?? 200)) return child;
    if (recent.some((text) => text.includes('Build failed'))) {
      await killGroup(child);
      throw new Error(`The Worker does not build:\n${recent.join('').slice(-4_000)}`);
    }
    if (Date.now() > deadline) {
      await killGroup(child);
      throw new Error(`The runtime did not answer within three minutes:\n${recent.join('').slice(-4_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function answers(url: string, status: number): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return response.status === status;
  } catch {
    return false;
  }
}

function splitLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) onLine(line);
    });
  }
}

const runningGroups = new Set<ChildProcess>();

/** wrangler and workerd are one process group; none of it may outlive us. */
async function killGroup(child: ChildProcess): Promise<void> {
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
  killNow(child);
  await gone;
}

/** As `killGroup`, but wrangler may first remove its temporary files. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    const timer = setTimeout(() => killNow(child), 5_000);
    child.kill('SIGTERM');
    await gone;
    clearTimeout(timer);
  }
  killNow(child);
}

function killNow(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

process.once('exit', () => {
  for (const child of runningGroups) killNow(child);
});

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** The runtime logs `To:`, `Subject:` and the file it wrote the text to, for each mail. */
export function readMails(lines: string[]): Mail[] {
  const mails: Mail[] = [];
  let mail: Mail | null = null;
  for (const line of lines) {
    if (line.includes('send_email binding called')) {
      mail = { to: '', subject: '', text: '' };
      mails.push(mail);
    }
    if (!mail) continue;
    if (line.startsWith('To: ')) mail.to = line.slice(4);
    if (line.startsWith('Subject: ')) mail.subject = line.slice(9);
    if (line.startsWith('Text: ')) {
      const path = line.slice(6).trim();
      mail.text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    }
  }
  return mails;
}
