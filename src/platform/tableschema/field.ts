import { type Check, compileConstraints } from './constraints.ts';
import { isDeeperThan, type Json, maxJsonDepth } from './json.ts';
import type { FieldDescriptor, FieldType } from './schema.ts';
import { makeReader } from './types/index.ts';
import type { Fault, FieldProblem, TypeReader } from './types/reader.ts';

export interface CompiledField {
  readonly name: string;
  readonly type: FieldType;
  readonly isKey: boolean;
  readonly unique: boolean;
  /** The field has to have a value in every row, and so a column. */
  readonly required: boolean;
  /** A cell's canonical value, `null` where it is missing and may be; `undefined` where anything is wrong. */
  readonly readText: (cell: string) => Json | undefined;
  /** The same for a JSON value; strings are read as cells are. */
  readonly readNative: (value: Json) => Json | undefined;
  /** Everything that is wrong with it. Slow, and asked only after a read said `undefined`. */
  readonly explain: (value: Json) => Fault[];
}

/** `missing` are the cells that mean "no value". */
export function compileField(
  field: FieldDescriptor,
  missing: readonly string[],
  isKey: boolean,
  problems: FieldProblem[],
): CompiledField {
  const reader = makeReader(field, problems);
  const checks = compileConstraints(field, reader, problems);
  const required = isKey || field.constraints?.required === true;
  const clean = cleaner(reader, missing);
  const readText = textReader(reader, checks, clean, required ? undefined : null);
  return {
    name: field.name,
    type: field.type ?? 'any',
    isKey,
    unique: field.constraints?.unique === true,
    required,
    readText,
    readNative: (value) => {
      if (typeof value === 'string') return readText(value);
      if (value === null) return required ? undefined : null;
      const read = isDeeperThan(value, maxJsonDepth) ? undefined : reader.native(value);
      return read === undefined || failed(checks, read) ? undefined : read;
    },
    explain: (value) => {
      const text = typeof value === 'string' ? clean(value) : value;
      if (text === null) return [missingFault(isKey)];
      const read = typeof text === 'string' ? reader.text(text) : reader.native(text);
      if (read === undefined || isDeeperThan(read, maxJsonDepth)) return [reader.explain(text)];
      return checks.filter((check) => !check.holds(read)).map((check) => check.fault(read));
    },
  };
}

function missingFault(isKey: boolean): Fault {
  return isKey
    ? { code: 'key_empty', message: 'part of the key, and empty' }
    : { code: 'required', message: 'required, and empty' };
}

/** The text of a cell as its type reads it, or `null` where it means "no value". */
function cleaner(reader: TypeReader, missing: readonly string[]): (cell: string) => string | null {
  const texts = new Set(missing);
  const onlyEmpty = texts.size === 1 && texts.has('');
  const isMissing = onlyEmpty ? (cell: string) => cell === '' : (cell: string) => texts.has(cell);
  if (!reader.trims) return (cell) => (isMissing(cell) ? null : cell);
  return (cell) => {
    if (isMissing(cell)) return null;
    if (!hasOuterSpace(cell)) return cell;
    const text = cell.trim();
    return isMissing(text) ? null : text;
  };
}

/** May say yes for a character that is no white space, never no for one that is. */
function hasOuterSpace(cell: string): boolean {
  const first = cell.charCodeAt(0);
  const last = cell.charCodeAt(cell.length - 1);
  return first <= 32 || last <= 32 || first >= 160 || last >= 160;
}

function failed(checks: readonly Check[], value: Json): boolean {
  for (const check of checks) if (!check.holds(value)) return true;
  return false;
}

function textReader(
  reader: TypeReader,
  checks: readonly Check[],
  clean: (cell: string) => string | null,
  whenMissing: null | undefined,
): (cell: string) => Json | undefined {
  const { text: read } = reader;
  if (checks.length === 0) {
    return (cell) => {
      const text = clean(cell);
      return text === null ? whenMissing : read(text);
    };
  }
  return (cell) => {
    const text = clean(cell);
    if (text === null) return whenMissing;
    const value = read(text);
    return value === undefined || failed(checks, value) ? undefined : value;
  };
}
