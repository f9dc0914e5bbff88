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
  /** What someone else wrote. */
  quote(text: string): void;
}

const timeColumn = 76;
const labelWidth = 12;
const labelColumn = 7;
const barColumn = 31;
const widest = 110;
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
    const lines: string[] = [];
    const add = (mark: string, label: string, text: string) =>
      lines.push(...detailLines(mark, label, text, this.#width()));
    const running = this.#startLine(head, startedAtMs);
    const close = (word: string) => {
      running.end();
      this.#out.write(`${head.padEnd(timeColumn - word.length)}${word}\n`);
      for (const line of lines) this.#out.write(`${line}\n`);
    };
    try {
      const result = await run({
        progress: running.progress,
        detail: (label, text) => add(' ', label, text),
        checked: (label, text) => add(style('green', '✓'), label, text),
        quote: (text) => lines.push(...quoteLines(text, this.#width())),
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
    for (const [label, text] of facts)
      this.#out.write(`${detailLines(' ', label, text, widest).join('\n')}\n`);
  }

  #width(): number {
    return this.#live ? Math.min(Math.max(this.#out.columns, 60), widest) : widest;
  }

  /** The line of the running step, redrawn on a terminal. */
  #startLine(head: string, startedAtMs: number) {
    let fraction: number | null = null;
    let note = '';
    let printedAtMs = startedAtMs;
    const barWidth = this.#out.columns < 100 ? 12 : 24;
    const draw = () => {
      const bar = fraction === null ? '' : `${progressBar(fraction, barWidth)} ${percent(fraction)}  ${note}`;
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

const textColumn = labelColumn + labelWidth + 1;
const indent = ' '.repeat(textColumn);

function detailLines(mark: string, label: string, text: string, width: number): string[] {
  const [first, ...others] = wrapped(text, width - textColumn);
  return [
    `     ${mark} ${style('dim', label.padEnd(labelWidth))} ${first}`,
    ...others.map((line) => `${indent}${line}`),
  ];
}

function quoteLines(text: string, width: number): string[] {
  const lines = text.split('\n').flatMap((line) => wrapped(line, width - textColumn - 2));
  return lines.map((line) => `${indent}${style('dim', '│')} ${line}`.trimEnd());
}

/** Broken between words, so that no line has more characters than there is room for, unless one word has. */
function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function progressBar(fraction: number, width: number): string {
  const full = Math.round(fraction * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`;
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
