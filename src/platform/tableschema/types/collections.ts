/** `array` and `object` (JSON in a cell) and `list` (a delimited cell). */
import { isDeeperThan, isJsonObject, type Json, maxJsonDepth } from '../json.ts';
import type { FieldDescriptor } from '../schema.ts';
import type { TypeReader } from './reader.ts';

export function arrayReader(): TypeReader {
  return jsonReader(
    (value) => Array.isArray(value),
    () => ({ code: 'not_an_array', message: 'not a JSON array' }),
  );
}

export function objectReader(): TypeReader {
  return jsonReader(isJsonObject, () => ({ code: 'not_an_object', message: 'not a JSON object' }));
}

function jsonReader(isOfType: (value: Json) => boolean, otherwise: TypeReader['explain']): TypeReader {
  const parse = (cell: string) => {
    try {
      return parseExact(cell);
    } catch {
      return undefined;
    }
  };
  const accept = (value: Json | undefined) =>
    value !== undefined && isOfType(value) && !isDeeperThan(value, maxJsonDepth) ? value : undefined;
  return {
    trims: true,
    text: (cell) => accept(parse(cell)),
    native: accept,
    explain: (value) => {
      const read = typeof value === 'string' ? parse(value) : value;
      if (read !== undefined && isOfType(read)) {
        return { code: 'json_too_deep', message: `nested deeper than ${maxJsonDepth}` };
      }
      return otherwise(value);
    },
    length: (value) => (typeof value === 'object' && value !== null ? Object.keys(value).length : Number.NaN),
  };
}

/** Integers beyond 2^53 become texts, as in an integer field; only cells with long numbers pay for it. */
function parseExact(cell: string): Json {
  if (!/\d{16}/.test(cell)) return JSON.parse(cell);
  const keepDigits = (_name: string, value: Json, context?: { source?: string }): Json => {
    const source = context?.source;
    const isLong = typeof value === 'number' && !Number.isSafeInteger(value);
    return isLong && source !== undefined && /^-?\d+$/.test(source) ? source : value;
  };
  return JSON.parse(cell, keepDigits);
}

/** An empty cell that is no missing value is the empty list. */
export function listReader(field: FieldDescriptor, item: TypeReader): TypeReader {
  const delimiter = field.delimiter ?? ',';
  const readItem = (value: Json) => {
    if (typeof value !== 'string') return item.native(value);
    return item.text(item.trims ? value.trim() : value);
  };
  const readAll = (values: Json[]): Json[] | undefined => {
    const items: Json[] = [];
    for (const value of values) {
      const read = readItem(value);
      if (read === undefined) return undefined;
      items.push(read);
    }
    return items;
  };
  const split = (cell: string) => (cell === '' ? [] : cell.split(delimiter));
  return {
    trims: item.trims,
    text: (cell) => readAll(split(cell)),
    native: (value) => (Array.isArray(value) ? readAll(value) : undefined),
    explain: (value) => {
      const values = typeof value === 'string' ? split(value) : value;
      if (!Array.isArray(values)) return { code: 'not_a_list', message: 'not a list' };
      const at = values.findIndex((entry) => readItem(entry) === undefined);
      const reason = item.explain(values[at] ?? null).message;
      return { code: 'list_item_invalid', message: `item ${at + 1} of the list: ${reason}` };
    },
    length: (value) => (Array.isArray(value) ? value.length : Number.NaN),
  };
}
