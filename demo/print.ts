import { styleText } from 'node:util';
import { DemoFailure } from './failures.ts';

/** What a step says while it runs; what it claims appears below its line once it is done. */
export interface StepReport {
  /** `fraction` is 0 to 1. */
  progress(fraction: number, note: string): void;
  /** A line of what is so. */
  detail(label: string, text: string): void;
  /** A line of what was checked. */
  checked(label: string, text: string): void;
}

const timeColumn = 76;
const labelWidth = 12;
const barColumn = 36;
const barWidth = 24;
/** Without a terminal, progress is a line now and then. */
const plainProgressMs = 5_000;
const redrawMs = 100;

/** Numbered steps with their times in one column. On a terminal the running one shows its bar and seconds. */
export class Printer {
  readonly #out = process.stdout;
  readonly #live = process.stdout.isTTY === true && process.env.TERM !== 'dumb';
  readonly #signal: AbortSignal;
  #steps = 0;

  /** Once the signal is aborted no step begins. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  title(text: string): void {
    this.#out.write(`\n${style('bold', text)}\n\n`);
  }

  async step<T>(title: string, run: (report: StepReport) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const head = `${String(++this.#steps).padStart(3)}  ${title}`;
    const startedAtMs = performance.now();
    const details: string[] = [];
    const running = this.#startLine(head, startedAtMs);
    const close = (word: string) => {
      running.end();
      this.#out.write(`${head.padEnd(timeColumn - word.length)}${word}\n`);
      for (const detail of details) this.#out.write(`${detail}\n`);
    };
    try {
      const result = await run({
        progress: running.progress,
        detail: (label, text) => details.push(detailLine(' ', label, this.#fit(text))),
        checked: (label, text) => details.push(detailLine(style('green', '✓'), label, this.#fit(text))),
      });
      close(seconds(performance.now() - startedAtMs));
      return result;
    } catch (error) {
      close(error instanceof DemoFailure ? 'failed' : 'stopped');
      throw error;
    }
  }

  summary(text: string): void {
    this.#out.write(`\n${style(['bold', 'green'], 'Done.')} ${text}\n`);
  }

  facts(title: string, facts: [string, string][]): void {
    this.#out.write(`\n${style('bold', title)}\n`);
    for (const [label, text] of facts) this.#out.write(`${detailLine(' ', label, text)}\n`);
  }

  /** A detail never wraps: on a terminal it ends with the line. */
  #fit(text: string): string {
    const room = this.#live ? Math.max(this.#out.columns - labelWidth - 8, 40) : 120;
    return text.length > room ? `${text.slice(0, room - 1)}…` : text;
  }

  /** The line of the running step, redrawn on a terminal. */
  #startLine(head: string, startedAtMs: number) {
    let fraction: number | null = null;
    let note = '';
    let printedAtMs = startedAtMs;
    const draw = () => {
      const bar = fraction === null ? '' : `${progressBar(fraction)} ${percent(fraction)}  ${note}`;
      const elapsed = seconds(performance.now() - startedAtMs);
      const left = `${head.padEnd(barColumn)}${bar}`.slice(
        0,
        Math.max(this.#out.columns - elapsed.length - 2, 20),
      );
      this.#out.write(`\r\u001b[K${left}  ${style('dim', elapsed)}`);
    };
    if (this.#live) draw();
    const timer = this.#live ? setInterval(draw, redrawMs) : undefined;
    return {
      progress: (nextFraction: number, nextNote: string) => {
        fraction = Math.min(1, Math.max(0, nextFraction));
        note = nextNote;
        if (this.#live || performance.now() - printedAtMs < plainProgressMs) return;
        printedAtMs = performance.now();
        const text = `       … ${note}`;
        this.#out.write(`${text.padEnd(timeColumn - 5)}${percent(fraction)}\n`);
      },
      end: () => {
        clearInterval(timer);
        if (this.#live) this.#out.write('\r\u001b[K');
      },
    };
  }
}

/** Follows NO_COLOR and leaves what is no terminal without colour. */
function style(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

function detailLine(mark: string, label: string, text: string): string {
  return `     ${mark} ${style('dim', label.padEnd(labelWidth))} ${text}`;
}

function progressBar(fraction: number): string {
  const full = Math.round(fraction * barWidth);
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`;
}

function percent(fraction: number): string {
  return `${String(Math.floor(fraction * 100)).padStart(3)} %`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

/** `50,000`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `6.1 MB`, in powers of ten. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e5 ? 2 : 1)} MB`;
}

export function perSecond(rows: number, ms: number): string {
  return `${count(Math.round(rows / Math.max(ms / 1_000, 0.001)))} rows/s`;
}
