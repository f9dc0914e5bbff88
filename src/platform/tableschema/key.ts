/**
 * The text that names a record, as it stands in `/records/{key}`: the value of a single key field as it
 * is (numbers and booleans in their JSON form); of a composite key, its parts joined by `~` in the order
 * of `primaryKey`, where `~` and `!` inside a part are written `!~` and `!!`. `AAA~2013J~11391` needs no
 * percent-encoding in a URL. Fields of a key have one type each, so the text alone tells values apart.
 */
import type { Json } from './json.ts';
import type { Fault } from './types/reader.ts';

export const maxKeyLength = 1_024;

const special = /[~!]/g;
/** Control characters and halves of surrogate pairs, which no URL carries. */
const unusable = /[\p{Cc}\p{Cs}]/u;

export function formatKey(parts: readonly string[]): string {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  let key = escaped(parts[0] ?? '');
  for (let i = 1; i < parts.length; i++) key += `~${escaped(parts[i] ?? '')}`;
  return key;
}

function escaped(part: string): string {
  return part.includes('~') || part.includes('!') ? part.replace(special, '!$&') : part;
}

/** The parts that `formatKey` joined, of a key of `count` fields; `undefined` where it is no such key. */
export function parseKey(key: string, count: number): string[] | undefined {
  if (count === 1) return [key];
  const parts = [''];
  for (let i = 0; i < key.length; i++) {
    const char = key.charAt(i);
    if (char === '~') {
      parts.push('');
      continue;
    }
    if (char === '!') i++;
    if (i === key.length) return undefined;
    parts[parts.length - 1] += key.charAt(i);
  }
  return parts.length === count ? parts : undefined;
}

/** A key value's text; `undefined` for what cannot be one: nothing, arrays and objects. */
export function keyPart(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** What keeps a part from naming a record. */
export function keyPartFault(value: Json | undefined): Fault | undefined {
  const part = keyPart(value);
  if (part === undefined) return { code: 'key_invalid', message: 'part of the key, and no single value' };
  if (part.trim() === '') return { code: 'key_empty', message: 'part of the key, and empty' };
  if (unusable.test(part)) return unusableFault;
  return undefined;
}

/** What keeps a key whose parts are good from naming a record. */
export function keyFault(key: string): Fault | undefined {
  if (key.length > maxKeyLength) {
    return { code: 'key_too_long', message: `the key is longer than ${maxKeyLength} characters` };
  }
  return key === '.' || key === '..' || (!isPrintable(key) && unusable.test(key)) ? unusableFault : undefined;
}

/** ASCII without control characters, as nearly all keys are: told several times sooner than by the expression. */
function isPrintable(key: string): boolean {
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

const unusableFault: Fault = {
  code: 'key_invalid',
  message: 'part of the key, and has characters that no address can carry',
};
