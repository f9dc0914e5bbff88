import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localSystemKey } from '../scripts/hub.ts';
import { DemoFailure, UsageError } from './failures.ts';
import { tellFlows } from './flows/story.ts';
import { type Options, readOptions, usage } from './options.ts';
import { showPage } from './pages.ts';
import { count, Printer } from './print.ts';
import { type Stage, tellStory } from './story.ts';

// Exit codes: 0 the story held, 1 it did not, 2 it was asked for wrongly, 130 it was interrupted.
const interrupted = 130;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options !== 'help') return await run(options);
    process.stdout.write(`${usage}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n${usage}\n`);
    return 2;
  }
}

async function run(options: Options): Promise<number> {
  const interruption = new AbortController();
  const printer = new Printer(interruption.signal);
  const stage: Stage = {
    folder: mkdtempSync(join(tmpdir(), 'crosswalk-demo-')),
    hub: null,
    receiver: null,
    others: [],
  };
  process.once('exit', () => rmSync(stage.folder, { recursive: true, force: true, maxRetries: 20 }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Asked twice, it does not wait for the runtime to end by itself.
      if (interruption.signal.aborted) process.exit(interrupted);
      interruption.abort();
      void stage.hub?.stop();
    });
  }
  try {
    printer.title(titleOf(options));
    const { hub, key, page } =
      'story' in options ? await tellFlows(printer, stage) : await tellStory(printer, options, stage);
    await showPage(printer, hub.url, key, page);
    if (options.keep) await keepUp(printer, hub.url, key, interruption.signal);
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      process.stderr.write('\nInterrupted.\n');
      return interrupted;
    }
    process.stderr.write(`\n${sentenceOf(error)}\n`);
    return 1;
  } finally {
    await Promise.all(stage.others.map((one) => one.close()));
    await stage.receiver?.close();
    await stage.hub?.stop();
  }
}

function titleOf(options: Options): string {
  if ('story' in options) return 'Crosswalk: a manager asks, the integration answers, the flow says so';
  return 'file' in options
    ? `Crosswalk: ${options.file}, from the drop to the webhook`
    : `Crosswalk: a feed of ${count(options.rows)} people, from the drop to the webhook`;
}

async function keepUp(printer: Printer, url: string, key: string, signal: AbortSignal): Promise<void> {
  printer.facts('The hub stays up; Ctrl-C ends it.', [
    ['hub', url],
    ['docs', `${url}/api/docs`],
    ['key', key],
    ['system key', localSystemKey],
  ]);
  // A listener for an abort does not keep a process alive; the hub's pipes do.
  if (!signal.aborted) await once(signal, 'abort');
}

function sentenceOf(error: unknown): string {
  if (error instanceof DemoFailure) return error.message;
  return `The demo came to an unexpected end: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
