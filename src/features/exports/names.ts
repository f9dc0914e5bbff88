import { sha256Hex } from '../../platform/encoding.ts';

/**
 * `courseCompletion-1589259213_2020-05-18T18-00-13-7vcph2i.json`: the event, the export's creation in Unix
 * seconds, the run's start in UTC, and seven characters of base 36 that follow from `identity`, so that a
 * file that is written again has its name again.
 */
export async function fileName(
  event: string,
  of: { createdAtMs: number; startedAtMs: number; identity: string; format: 'json' | 'csv' },
): Promise<string> {
  const stamp = new Date(of.startedAtMs).toISOString().slice(0, 19).replaceAll(':', '-');
  const digest = BigInt(`0x${await sha256Hex(of.identity)}`);
  const tail = (digest % 36n ** 7n).toString(36).padStart(7, '0');
  return `${safeName(event)}-${Math.floor(of.createdAtMs / 1_000)}_${stamp}-${tail}.${of.format}`;
}

/** Event types may hold ":", which Windows has no files with, and begin with ".", which hides one. */
function safeName(event: string): string {
  return event.replace(/[^A-Za-z0-9_.-]/g, '-').replace(/^\.+/, '-');
}
