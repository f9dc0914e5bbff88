import { RenderFault } from './errors.ts';
import type { Run } from './scope.ts';

/** JSON text that a helper made: written as it is at a JSON value's place, as text anywhere else. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

function take(text: string, run: Run): string {
  run.room -= text.length;
  if (run.room < 0) run.exceed('outputCharacters', run.at);
  return text;
}

/** A value that is no string and not nothing, as stock Handlebars writes it. A list costs its items. */
export function plainText(value: unknown, run: Run): string {
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    run.charge(value.length + 1);
    return value.map((item) => (item == null ? '' : plainText(item, run))).join(',');
  }
  try {
    return `${value}`;
  } catch {
    // An own field "toString" that is no function.
    throw new RenderFault(
      'bad_value',
      'An object here has a field "toString" and cannot be written.',
      run.at,
    );
  }
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
  '`': '&#x60;',
  '=': '&#x3D;',
};
const htmlUnsafe = /[&<>"'`=]/;
const htmlUnsafeAll = /[&<>"'`=]/g;

export function emitHtml(value: unknown, run: Run): string {
  let text: string;
  if (typeof value === 'string') text = value;
  else if (value == null) return '';
  else if (typeof value === 'object' && 'toHTML' in value && typeof value.toHTML === 'function')
    return take(String(value.toHTML()), run);
  else text = plainText(value, run);
  if (htmlUnsafe.test(text)) text = text.replace(htmlUnsafeAll, (char) => htmlEscapes[char] as string);
  return take(text, run);
}

export function emitRaw(value: unknown, run: Run): string {
  if (typeof value === 'string') return take(value, run);
  return value == null ? '' : take(plainText(value, run), run);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON must escape.
const jsonUnsafe = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A JSON string's inside. Escapes lone surrogates too, which no encoding could carry. */
function escapeJson(text: string): string {
  return jsonUnsafe.test(text) ? JSON.stringify(text).slice(1, -1) : text;
}

/** A complete JSON value for what the data has, so that nothing in it can be structure. */
export function emitJsonValue(value: unknown, run: Run): string {
  if (typeof value === 'string')
    return take(jsonUnsafe.test(value) ? JSON.stringify(value) : `"${value}"`, run);
  if (value instanceof JsonText) return take(value.text, run);
  return take(JSON.stringify(value) ?? 'null', run);
}

/** What a value is inside of a JSON string: text; a list its elements with commas; an object its JSON. */
export function emitJsonString(value: unknown, run: Run): string {
  if (typeof value === 'string') return take(escapeJson(value), run);
  return value == null ? '' : take(escapeJson(textOf(value, run)), run);
}

/** The text of a value, never "[object Object]". A list costs its items. */
export function textOf(value: unknown, run: Run): string {
  if (typeof value === 'string') return value;
  if (value == null) return '';
  if (typeof value !== 'object') return String(value);
  if (value instanceof JsonText) return value.text;
  if (!Array.isArray(value)) return JSON.stringify(value);
  run.charge(value.length + 1);
  return value.map((item) => textOf(item, run)).join(',');
}
