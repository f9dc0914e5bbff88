import type { z } from 'zod';
import { utf8 } from '../../platform/encoding.ts';
import { AppError, type InputIssue } from '../../platform/errors.ts';
import { elementsOf, memberOf, type RawValue } from '../../platform/json/raw.ts';
import { type EnvelopeIn, envelopeIn, maxDataBytes, maxDataDepth, maxEventsPerCall } from './schema.ts';

/** An event as it was sent: its envelope checked, its data the very text. */
export type ReadEvent =
  | { ok: true; envelope: EnvelopeIn; data: string }
  | { ok: false; issues: InputIssue[] };

/** One event, or several in their order. */
export type ReadEvents = { one: ReadEvent } | { several: ReadEvent[] };

/**
 * Reads the body of a publishing call. The data of an event are cut out of the text, not read: numbers of
 * any length, lone surrogates and members of any name stay as they were sent. Throws `malformed_json` for
 * text that is no JSON; a broken line of JSON Lines is an invalid event, and its neighbours are none the worse.
 */
export function readEvents(body: ArrayBuffer, isJsonLines: boolean): ReadEvents {
  const text = decode(body);
  if (isJsonLines) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    requireFew(lines.length);
    return { several: lines.map(readLine) };
  }
  const whole = parse(text);
  if (whole === undefined) throw new AppError('malformed_json', 'The body is not JSON.');
  if (!Array.isArray(whole.value)) return { one: readEvent(text, /\S/.exec(text)?.index ?? 0, text.length) };
  requireFew(whole.value.length);
  return { several: elementsOf(text).map(({ start, end }) => readEvent(text, start, end)) };
}

function decode(body: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body);
  } catch {
    throw new AppError('malformed_json', 'The body is not UTF-8.');
  }
}

function requireFew(count: number): void {
  if (count <= maxEventsPerCall) return;
  throw new AppError(
    'payload_too_large',
    `A call takes at most ${maxEventsPerCall} events, not ${count}. Send them in several calls.`,
  );
}

/** Wrapped, for `null` is JSON too. */
function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function readLine(line: string): ReadEvent {
  if (parse(line) !== undefined) return readEvent(line, /\S/.exec(line)?.index ?? 0, line.length);
  return refuse('', 'malformed_json', 'This line is not JSON.');
}

function readEvent(text: string, start: number, end: number): ReadEvent {
  if (text[start] !== '{') return refuse('', 'invalid_type', 'An event is a JSON object.');
  const data = memberOf(text, start, 'PublisherEventData');
  const envelope = data
    ? `${text.slice(start, data.start)}null${text.slice(data.end, end)}`
    : text.slice(start, end);
  const checked = envelopeIn.safeParse(JSON.parse(envelope));
  const issues = [
    ...(checked.success ? [] : checked.error.issues.flatMap(toIssues)),
    ...(data ? dataIssues(text, data) : []),
  ];
  if (!checked.success || issues.length > 0) return { ok: false, issues };
  return { ok: true, envelope: checked.data, data: data ? text.slice(data.start, data.end) : 'null' };
}

function dataIssues(text: string, { start, end, depth }: RawValue): InputIssue[] {
  const path = 'PublisherEventData';
  if (depth > maxDataDepth) {
    return [
      {
        path,
        code: 'too_deep',
        message: `Data nest ${depth} levels deep; at most ${maxDataDepth} are taken.`,
      },
    ];
  }
  if (end - start <= maxDataBytes / 3) return [];
  const { byteLength } = utf8(text.slice(start, end));
  if (byteLength <= maxDataBytes) return [];
  return [
    { path, code: 'too_big', message: `Data have ${byteLength} bytes; at most ${maxDataBytes} are taken.` },
  ];
}

function refuse(path: string, code: string, message: string): ReadEvent {
  return { ok: false, issues: [{ path, code, message }] };
}

function toIssues(issue: z.core.$ZodIssue): InputIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: key,
      code: 'unknown_member',
      message: 'There is no such member. Remove it, or check its spelling.',
    }));
  }
  return [{ path: issue.path.map(String).join('.'), code: issue.code, message: issue.message }];
}
