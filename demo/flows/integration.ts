import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DemoFailure } from '../failures.ts';
import { waitFor } from '../receiver.ts';

/** What an integration says it did with one source of a request. */
export interface Reported {
  reported: 'done' | 'fail';
  requestId: string;
  reference: string;
  did: string;
}

export interface Heard {
  heard: string;
  requestId: string;
  references: string[];
}

export interface Integration {
  heard: Heard[];
  reported: Reported[];
  close(): Promise<void>;
}

/** Starts one of the programs beside this file in a process of its own; resolves when its webhook is registered. */
export async function startIntegration(
  others: { close(): Promise<void> }[],
  program: string,
  settings: Record<string, string>,
): Promise<Integration> {
  const path = fileURLToPath(new URL(`${program}.ts`, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const integration: Integration = { heard: [], reported: [], close: () => end(child) };
  others.push(integration);
  process.once('exit', () => child.kill('SIGKILL'));
  let isListening = false;
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text);
    if ('listening' in line) isListening = true;
    else if ('heard' in line) integration.heard.push(line);
    else integration.reported.push(line);
  });
  await waitFor(
    () => {
      if (child.exitCode !== null) throw new DemoFailure(`The integration ${program} ended: ${errors}`);
      return isListening || undefined;
    },
    120,
    `The integration ${program} did not begin to listen within two minutes. ${errors}`,
  );
  return integration;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
