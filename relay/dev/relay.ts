import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export const localRelayToken = 'example_relay_token_for_local_development_only';

/** A relay in a process of its own, on loopback, which may call loopback. */
export interface Relay {
  url: string;
  token: string;
  /** What a hub needs to use it: `RELAY_URL` and `RELAY_TOKEN`. */
  vars: { RELAY_URL: string; RELAY_TOKEN: string };
  /** Each line it has logged. */
  lines: string[];
  pid(): number;
  /** Ends the process as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RelayOptions {
  /** Any free port unless told. */
  port?: number;
  /** Settings over those for loopback. */
  env?: Record<string, string>;
  onLine?: (line: string) => void;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const port = options.port || (await freePort());
  const token = options.env?.RELAY_TOKEN ?? localRelayToken;
  const url = `http://127.0.0.1:${port}`;
  const lines: string[] = [];
  let child: ChildProcess | null = null;

  const start = async () => {
    const started = spawn(process.execPath, ['--max-semi-space-size=1', main], {
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: String(port),
        RELAY_TOKEN: token,
        RELAY_ALLOW_NETWORKS: '127.0.0.0/8,::1/128',
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    running.add(started);
    const listening = new Promise<void>((resolve, reject) => {
      let rest = '';
      started.stdout.setEncoding('utf8');
      started.stdout.on('data', (text: string) => {
        const parts = (rest + text).split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) {
          lines.push(line);
          options.onLine?.(line);
          if (line.includes('"message":"started"')) resolve();
        }
      });
      started.once('exit', () => {
        running.delete(started);
        reject(new Error(`The relay ended before it listened: ${lines.at(-1) ?? 'it said nothing'}`));
      });
    });
    await listening;
  };
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const ending = child;
    child = null;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = once(ending, 'exit');
    ending.kill(signal);
    const timer = setTimeout(() => ending.kill('SIGKILL'), 30_000);
    await gone;
    clearTimeout(timer);
  };
  await start();
  return {
    url,
    token,
    vars: { RELAY_URL: url, RELAY_TOKEN: token },
    lines,
    pid: () => child?.pid ?? 0,
    kill: () => end('SIGKILL'),
    restart: start,
    stop: () => end('SIGTERM'),
  };
}
