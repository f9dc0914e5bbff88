export const jsonFaultCodes = [
  'broken_json',
  'not_an_object',
  'bad_bytes',
  'element_too_large',
  'missing_comma',
  'unexpected_text',
  'not_an_array',
  'array_not_closed',
  'rest_unreadable',
] as const;

export type JsonFaultCode = (typeof jsonFaultCodes)[number];

export interface JsonFault {
  code: JsonFaultCode;
  /** The physical line, from 1, on which the element starts, and how many it takes as far as it was read. */
  line: number;
  lineCount: number;
  /** Byte offset in the file of the element's first byte. */
  offset: number;
  /** Byte offset of the very spot; null where there is none. */
  at: number | null;
  /** Says what to do, and never quotes the file. */
  message: string;
  /** The element as it stands, cut after 4,096 characters. */
  text: string;
}

export type JsonRow = Record<string, unknown>;

/** Where a reader stands. It is plain data, so that a checkpoint can hold it. */
export interface JsonPosition {
  offset: number;
  line: number;
  /** JSON Lines: the line was too large and is reported; drop the rest of it first. */
  skipLine?: true;
  /** Array: what is expected next; `start` where it is not given. */
  phase?: ArrayPhase;
  /** Array: inside an element that was too large and is reported. */
  within?: ElementState;
}

export type ArrayPhase = 'start' | 'first' | 'separator' | 'element' | 'done' | 'stopped';

export interface ElementState {
  depth: number;
  inString: boolean;
  escaped: boolean;
}

export const jsonMessages: Record<JsonFaultCode, string> = {
  broken_json: 'This is no valid JSON: check its quotes, commas and brackets.',
  not_an_object: 'Each row must be an object of names and values.',
  bad_bytes: "The row has bytes that are no text in the file's encoding: save the file as UTF-8.",
  element_too_large: 'The row is larger than 2 MB: shorten it, or check its brackets and quotes.',
  missing_comma: 'A comma is missing before this row.',
  unexpected_text: 'Something stands here that is neither a row nor a comma: remove it.',
  not_an_array: 'The file must be one array of objects: start it with a bracket.',
  array_not_closed: 'The array has no closing bracket: the file was perhaps cut off; send it again.',
  rest_unreadable:
    'After this broken row it cannot be told where the next one starts: correct it and send the file again, best with each row on a line of its own.',
};

/** Characters of the largest element. */
export const maxElementChars = 2_097_152;

export function cutText(text: string): string {
  return text.length > 4_096 ? text.slice(0, 4_096) : text;
}

/** The object that a text is, or what is wrong with it. */
export function parseRow(text: string): { row: JsonRow } | { code: 'broken_json' | 'not_an_object' } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's message quotes the text.
    return { code: 'broken_json' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { code: 'not_an_object' };
  return { row: value as JsonRow };
}
