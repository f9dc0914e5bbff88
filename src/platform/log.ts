export type LogFields = Record<string, string | number | boolean | null | undefined>;

/** One wide, structured line per unit of work. Never a secret, a signed URL or a row's content. */
export interface Logger {
  line(event: string, fields?: LogFields): void;
  error(event: string, error: unknown, fields?: LogFields): void;
}

/** Writes JSON lines to the runtime's console, where Workers Logs reads them. */
export function createLogger(base: LogFields): Logger {
  return {
    line: (event, fields) => write('log', { event, ...base, ...fields }),
    error: (event, error, fields) =>
      write('error', { event, ...base, ...fields, errorName: nameOf(error), where: whereOf(error) }),
  };
}

function write(level: 'log' | 'error', fields: LogFields): void {
  // biome-ignore lint/suspicious/noConsole: this is the one place that writes the log.
  console[level](JSON.stringify(fields));
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/** Stack frames only: an error's message may carry SQL, parameters or a URL. */
function whereOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !error.stack) return undefined;
  const frames = error.stack.split('\n').filter((text) => /^\s+at /.test(text));
  return frames
    .slice(0, 6)
    .map((text) => text.trim())
    .join(' | ');
}
