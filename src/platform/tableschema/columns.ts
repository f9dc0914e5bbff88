import type { HeaderCode } from './codes.ts';
import { type CompiledSchema, reportColumns, reservedNames } from './compile.ts';
import type { CompiledField } from './field.ts';
import { foldName, nearestNames, quoteName } from './names.ts';

/** A column of the file; `columnNumber` is 1 for the first. */
export interface Column {
  readonly name: string;
  readonly columnNumber: number;
}

/** Where the cell of a field stands. */
export interface FedField {
  readonly field: CompiledField;
  /** 0 for the first cell of a row. */
  readonly index: number;
}

/** What `checkRow` needs to read the rows of one file. */
export interface ColumnPlan {
  readonly schema: CompiledSchema;
  /** Cells in a whole row. */
  readonly width: number;
  /** In the order of the schema's fields. */
  readonly fed: readonly FedField[];
  /** Unknown columns whose cells are taken as strings under their own names. */
  readonly kept: readonly Column[];
  /** The members of a row's values, each null. */
  readonly blank: Readonly<Record<string, null>>;
  /** Their names, in the order in which an object has them. */
  readonly names: readonly string[];
  /** Which of the names each fed field has, then each kept column; and each field of the key, -1 for none. */
  readonly places: readonly number[];
  readonly keyPlaces: readonly number[];
  /** Unknown columns that are not read. */
  readonly ignored: readonly Column[];
  /** Fields without a column; their values are not in the result at all. */
  readonly absent: readonly string[];
  /** Columns of an error report by name, where there is `_job`, which makes the file a correction. Never data. */
  readonly report: Readonly<Record<string, number>>;
}

/** `field` is the field that the issue is about, `columnNumber` the column, where there is one. */
export interface HeaderIssue {
  code: HeaderCode;
  message: string;
  field?: string;
  columnNumber?: number;
}

export type MatchResult = { ok: true; plan: ColumnPlan } | { ok: false; issues: HeaderIssue[] };

/** A header's columns by what they are to the schema. */
interface Sorted {
  readonly byField: ReadonlyMap<number, Column[]>;
  readonly unknown: Column[];
  readonly report: Record<string, number>;
}

/** Says which column feeds which field, or everything that keeps the header from it. */
export function matchColumns(schema: CompiledSchema, header: readonly string[]): MatchResult {
  const sorted = sortColumns(schema, header);
  const issues = [
    ...duplicates(schema, sorted),
    ...unknownIssues(schema, sorted),
    ...missing(schema, sorted),
    ...(schema.fieldsMatch === 'exact' ? outOfOrder(schema, sorted) : []),
  ];
  if (issues.length > 0) return { ok: false, issues };
  const keeps = schema.unknownColumns === 'keep';
  const fed = schema.fields.flatMap((field, index) => {
    const column = sorted.byField.get(index)?.[0];
    return column === undefined ? [] : [{ field, index: column.columnNumber - 1 }];
  });
  const kept = keeps ? sorted.unknown : [];
  const written = [...fed.map(({ field }) => field.name), ...kept.map(({ name }) => name)];
  const blank = Object.fromEntries(written.map((name) => [name, null]));
  const names = Object.keys(blank);
  const plan: ColumnPlan = {
    schema,
    width: header.length,
    fed,
    kept,
    blank,
    names,
    places: written.map((name) => names.indexOf(name)),
    keyPlaces: schema.key.map((index) => names.indexOf(schema.fields[index]?.name ?? '')),
    ignored: keeps ? [] : sorted.unknown,
    absent: schema.fields.filter((_, index) => !sorted.byField.has(index)).map(({ name }) => name),
    report: sorted.report,
  };
  return { ok: true, plan };
}

/** The field that a name means, `-1` for none. The name itself goes before its folded form and aliases. */
export function fieldIndexOf(schema: CompiledSchema, name: string): number {
  return schema.byName.get(name) ?? schema.byFoldedName.get(foldName(name.slice(0, 1_000))) ?? -1;
}

function sortColumns(schema: CompiledSchema, header: readonly string[]): Sorted {
  const byField = new Map<number, Column[]>();
  const unknown: Column[] = [];
  const report: Record<string, number> = {};
  const isReport = header.includes('_job');
  for (const [i, name] of header.entries()) {
    const column = { name, columnNumber: i + 1 };
    const index = fieldIndexOf(schema, name);
    const others = byField.get(index);
    if (others !== undefined) others.push(column);
    else if (index >= 0) byField.set(index, [column]);
    else if (isReport && reportColumns.includes(name) && report[name] === undefined) report[name] = i + 1;
    else unknown.push(column);
  }
  return { byField, unknown, report };
}

/** More of them say no more: a header of ten thousand wrong columns is one mistake. */
const maxIssuesOfAKind = 50;

function duplicates(schema: CompiledSchema, { byField }: Sorted): HeaderIssue[] {
  return [...byField].flatMap(([index, [first, ...others]]) => {
    const field = schema.fields[index]?.name ?? '';
    return others.slice(0, maxIssuesOfAKind).map(({ name, columnNumber }) => ({
      code: 'column_duplicate' as const,
      field,
      columnNumber,
      message:
        `column ${columnNumber} (${quoteName(name)}) means the field ${quoteName(field)}, ` +
        `and so does column ${first?.columnNumber} (${quoteName(first?.name ?? '')})`,
    }));
  });
}

function unknownIssues(schema: CompiledSchema, { unknown }: Sorted): HeaderIssue[] {
  if (schema.unknownColumns === 'ignore') return [];
  const names = schema.fields.map(({ name }) => name);
  const seen = new Set<string>();
  const issues: HeaderIssue[] = [];
  for (const { name, columnNumber } of unknown) {
    const issue = (code: HeaderCode, what: string) =>
      issues.push({ code, columnNumber, message: `column ${columnNumber} ${what}` });
    if (name.trim() === '') issue('column_blank', 'has no name');
    else if (schema.unknownColumns === 'reject') {
      const hint = didYouMean(nearestNames(name, names.slice(0, maxCandidates)));
      issue('column_unknown', `(${quoteName(name)}) is no field of the schema${hint}`);
    } else if (reservedNames.has(name)) issue('column_reserved', 'has a name that no column may have');
    else if (seen.has(name)) issue('column_duplicate', `(${quoteName(name)}) stands there twice`);
    seen.add(name);
    if (issues.length === maxIssuesOfAKind) break;
  }
  return issues;
}

/** Names that are compared for a hint, and fields that get one. */
const maxCandidates = 200;
const maxHints = 20;

function missing(schema: CompiledSchema, { byField, unknown }: Sorted): HeaderIssue[] {
  const allowed = schema.fieldsMatch === 'superset' || schema.fieldsMatch === 'partial';
  if (schema.fieldsMatch === 'partial' && byField.size === 0) {
    return [{ code: 'no_known_column', message: 'no column of the file is a field of the schema' }];
  }
  const candidates = unknown.slice(0, maxCandidates).map(({ name }) => name);
  let hints = 0;
  return schema.fields.flatMap((field, index) => {
    if (byField.has(index) || (allowed && !field.required)) return [];
    const hint = hints++ < maxHints ? didYouMean(nearestNames(field.name, candidates)) : '';
    const message = `there is no column for the field ${quoteName(field.name)}${hint}`;
    return [{ code: 'column_missing' as const, field: field.name, message }];
  });
}

function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? '' : `; the nearest: ${names.map(quoteName).join(', ')}`;
}

function outOfOrder(schema: CompiledSchema, { byField }: Sorted): HeaderIssue[] {
  let last = 0;
  for (const [index, { name }] of schema.fields.entries()) {
    const column = byField.get(index)?.[0];
    if (column === undefined) continue;
    if (column.columnNumber < last) {
      const message = `column ${column.columnNumber} (${quoteName(column.name)}) is not where the schema has it`;
      return [{ code: 'column_order', field: name, columnNumber: column.columnNumber, message }];
    }
    last = column.columnNumber;
  }
  return [];
}
