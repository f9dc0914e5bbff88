import type { CellCode } from './codes.ts';
import type { Column, ColumnPlan, FedField } from './columns.ts';
import type { CompiledSchema } from './compile.ts';
import type { CompiledField } from './field.ts';
import type { Json } from './json.ts';
import { formatKey, keyFault, keyPart, keyPartFault } from './key.ts';
import type { Fault } from './types/reader.ts';

/** Canonical values by field name, and the strings of kept columns by theirs. */
export type RowValues = Record<string, Json>;

/** One thing wrong with a row. `columnNumber` is 1 for the first column, 0 for the whole row; no message holds a value. */
export interface RowIssue {
  column: string;
  columnNumber: number;
  code: CellCode;
  message: string;
}

/**
 * `key` is the empty string where the schema has no key; of a rejected row it is there if it could be
 * read. `values` has a member for every field with a column, `null` where the cell means "no value".
 */
export type RowResult =
  | { ok: true; values: RowValues; key: string }
  | { ok: false; issues: RowIssue[]; key?: string };

/** Reads a row as the plan of its file says, and tells every error of it. */
export function checkRow(plan: ColumnPlan, cells: readonly string[]): RowResult {
  if (cells.length !== plan.width) return { ok: false, issues: [widthIssue(plan, cells.length)] };
  // A copy of an object that has its members already is several times faster than adding them.
  const values: RowValues = { ...plan.blank };
  for (const { field, index } of plan.fed) {
    const value = field.readText(cells[index] ?? '');
    if (value === undefined) return rejectRow(plan, cells);
    values[field.name] = value;
  }
  for (const { name, columnNumber } of plan.kept) values[name] = cells[columnNumber - 1] ?? '';
  const key = keyOf(plan.schema, values);
  return key === undefined ? rejectRow(plan, cells) : { ok: true, values, key };
}

/**
 * The short way for a row that is right: its values go to `into`, by the plan's names, and its key is answered;
 * undefined where `checkRow` has something to say.
 */
export function readRow(plan: ColumnPlan, cells: readonly string[], into: Json[]): string | undefined {
  const { fed, kept, places } = plan;
  if (cells.length !== plan.width) return undefined;
  for (let i = 0; i < fed.length; i++) {
    const { field, index } = fed[i] as FedField;
    const value = field.readText(cells[index] as string);
    if (value === undefined) return undefined;
    into[places[i] as number] = value;
  }
  for (let i = 0; i < kept.length; i++) {
    into[places[fed.length + i] as number] = cells[(kept[i] as Column).columnNumber - 1] as string;
  }
  return keyOfParts(plan.keyPlaces.length, (i) => keyPart(into[plan.keyPlaces[i] as number]));
}

function rejectRow(plan: ColumnPlan, cells: readonly string[]): RowResult {
  const values: RowValues = {};
  const issues: RowIssue[] = [];
  const columnNumbers = new Map<CompiledField, number>();
  for (const { field, index } of plan.fed) {
    const cell = cells[index] ?? '';
    const value = field.readText(cell);
    columnNumbers.set(field, index + 1);
    if (value !== undefined) values[field.name] = value;
    else for (const fault of field.explain(cell)) issues.push(issueOf(fault, field, index + 1));
  }
  return rejected(plan.schema, values, issues, (field) => columnNumbers.get(field) ?? 0);
}

/** A short or long row has lost its columns: what stands under the key may be another's. */
function widthIssue({ width }: ColumnPlan, count: number): RowIssue {
  const code = count < width ? 'row_short' : 'row_long';
  return { column: '', columnNumber: 0, code, message: `${count} cells where the header has ${width}` };
}

export function issueOf(fault: Fault, { name }: CompiledField, columnNumber: number): RowIssue {
  return { column: name, columnNumber, code: fault.code, message: fault.message };
}

/** The result of a row with `issues`, to which those of its key are added. */
export function rejected(
  schema: CompiledSchema,
  values: RowValues,
  issues: RowIssue[],
  columnNumberOf: (field: CompiledField) => number,
): RowResult {
  const key = keyOf(schema, values);
  if (key !== undefined) return schema.key.length === 0 ? { ok: false, issues } : { ok: false, issues, key };
  return { ok: false, issues: [...issues, ...keyIssues(schema, values, columnNumberOf)] };
}

/** The key's text (see `key.ts`), the empty string without a primary key, `undefined` if it cannot be one. */
export function keyOf(schema: CompiledSchema, values: Readonly<RowValues>): string | undefined {
  const { key, fields } = schema;
  return keyOfParts(key.length, (i) => {
    const name = fields[key[i] as number]?.name ?? '';
    return Object.hasOwn(values, name) ? keyPart(values[name]) : undefined;
  });
}

function keyOfParts(count: number, partOf: (i: number) => string | undefined): string | undefined {
  if (count === 0) return '';
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    const part = partOf(i);
    if (part === undefined || part === '' || part.trim() === '') return undefined;
    parts.push(part);
  }
  const key = formatKey(parts);
  return keyFault(key) === undefined ? key : undefined;
}

function keyIssues(
  schema: CompiledSchema,
  values: RowValues,
  columnNumberOf: (field: CompiledField) => number,
): RowIssue[] {
  const keyFields = schema.key.flatMap((index) => schema.fields[index] ?? []);
  // A field without a value has been told of already.
  if (!keyFields.every((field) => Object.hasOwn(values, field.name))) return [];
  const issues = keyFields.flatMap((field) => {
    const fault = keyPartFault(values[field.name]);
    return fault === undefined ? [] : [issueOf(fault, field, columnNumberOf(field))];
  });
  const [first] = keyFields;
  if (issues.length > 0 || first === undefined) return issues;
  const fault = keyFault(formatKey(keyFields.map((field) => keyPart(values[field.name]) ?? '')));
  return fault === undefined ? [] : [issueOf(fault, first, columnNumberOf(first))];
}

/**
 * For each of the schema's `uniqueKeys`, one text per set of values that may stand in a file once, or
 * `null` where a value is missing, which the standard leaves out of the check.
 */
export function uniqueTexts(schema: CompiledSchema, values: Readonly<RowValues>): (string | null)[] {
  return schema.uniqueKeys.map((indexes) => {
    const parts: Json[] = indexes.map((index) => values[schema.fields[index]?.name ?? ''] ?? null);
    return parts.includes(null) ? null : JSON.stringify(parts);
  });
}
