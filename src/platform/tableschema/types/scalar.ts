/** `string` with its formats, `boolean` and `any`. A string is never altered, not even by its format. */
import type { CellCode } from '../codes.ts';
import type { Json } from '../json.ts';
import type { FieldDescriptor } from '../schema.ts';
import type { FieldProblem, TypeReader } from './reader.ts';

const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?`;
const email = new RegExp(
  String.raw`^[\p{L}\p{N}.!#$%&'*+/=?^_\x60{|}~-]{1,64}@${label}(?:\.${label})+$`,
  'u',
);
const uriCharacters = /^[a-z][a-z0-9+.-]*:(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})+$/i;
const webUri = /^(?:https?|wss?|ftp):/i;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

interface StringFormat {
  test: (text: string) => boolean;
  code: CellCode;
  message: string;
}

const stringFormats: Record<string, StringFormat | null> = {
  default: null,
  email: {
    test: (text) => text.length <= 254 && email.test(text),
    code: 'not_an_email',
    message: 'not an e-mail address',
  },
  uri: {
    test: (text) =>
      text.length <= 8_192 && uriCharacters.test(text) && (!webUri.test(text) || URL.canParse(text)),
    code: 'not_a_uri',
    message: 'not a URI with its scheme',
  },
  binary: {
    test: (text) => text.length % 4 === 0 && base64.test(text),
    code: 'not_base64',
    message: 'not base64 with its padding',
  },
  uuid: { test: (text) => uuid.test(text), code: 'not_a_uuid', message: 'not a UUID' },
};

export function stringReader(field: FieldDescriptor, problems: FieldProblem[]): TypeReader {
  const name = field.format ?? 'default';
  const format = Object.hasOwn(stringFormats, name) ? stringFormats[name] : undefined;
  if (format === undefined) {
    const message = `a string's format is one of ${Object.keys(stringFormats).join(', ')}`;
    problems.push({ property: 'format', code: 'format_unknown', message });
  }
  return {
    trims: false,
    text: format ? (cell) => (format.test(cell) ? cell : undefined) : (cell) => cell,
    native: () => undefined,
    explain: (value) =>
      typeof value === 'string' && format
        ? { code: format.code, message: format.message }
        : { code: 'not_a_string', message: 'not a string' },
    length: (value) => (typeof value === 'string' ? characters(value) : Number.NaN),
  };
}

/** Length in characters (code points), as XSD and JSON Schema count. */
function characters(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) count--;
  }
  return count;
}

export function booleanReader(field: FieldDescriptor, problems: FieldProblem[]): TypeReader {
  const values = new Map<string, boolean>();
  for (const text of field.trueValues ?? ['true', 'True', 'TRUE', '1']) values.set(text.trim(), true);
  for (const text of field.falseValues ?? ['false', 'False', 'FALSE', '0']) {
    if (values.get(text.trim()) === true) {
      const message = `${JSON.stringify(text)} is in trueValues and in falseValues`;
      problems.push({ property: 'falseValues', code: 'boolean_values_invalid', message });
    }
    values.set(text.trim(), false);
  }
  for (const property of ['trueValues', 'falseValues'] as const) {
    if (field[property]?.length === 0) {
      problems.push({ property, code: 'boolean_values_invalid', message: `${property} is empty` });
    }
  }
  return {
    trims: true,
    text: (cell) => values.get(cell),
    native: (value) => (typeof value === 'boolean' ? value : undefined),
    explain: () => ({ code: 'not_a_boolean', message: 'none of trueValues and falseValues' }),
  };
}

export function anyReader(): TypeReader {
  return {
    trims: false,
    text: (cell) => cell,
    native: (value: Json) => value,
    explain: () => ({ code: 'json_too_deep', message: 'nested too deep' }),
  };
}
