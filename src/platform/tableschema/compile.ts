import type { InputIssue } from '../errors.ts';
import type { SchemaCode } from './codes.ts';
import { type CompiledField, compileField } from './field.ts';
import { foldName } from './names.ts';
import {
  type FieldDescriptor,
  type FieldsMatch,
  type TableSchema,
  tableSchema,
  type UnknownColumns,
} from './schema.ts';
import type { FieldProblem } from './types/reader.ts';

export interface CompiledSchema {
  readonly fields: readonly CompiledField[];
  /** Indexes of the key's fields, in the order of `primaryKey`; empty where there is no key. */
  readonly key: readonly number[];
  /** Field indexes of `uniqueKeys`, then of every field whose constraint is `unique`. */
  readonly uniqueKeys: readonly (readonly number[])[];
  readonly fieldsMatch: FieldsMatch;
  readonly unknownColumns: UnknownColumns;
  /** Field index by name. */
  readonly byName: ReadonlyMap<string, number>;
  /** Field index by folded name or alias; -1 where more than one field's name folds so. */
  readonly byFoldedName: ReadonlyMap<string, number>;
}

export interface SchemaIssue extends InputIssue {
  code: SchemaCode;
}

export type CompileResult = { ok: true; schema: CompiledSchema } | { ok: false; issues: SchemaIssue[] };

/** The columns that `<file>.errors.csv` puts before those of the file. */
export const reportColumns: readonly string[] = ['_job', '_line', '_code', '_message'];

/** Names that a column may not have: `__proto__` is a trap in every object. */
export const reservedNames: ReadonlySet<string> = new Set([...reportColumns, '__proto__']);

/** Checks a descriptor as it was sent or stored; a schema that cannot be right is refused with every reason. */
export function compileSchema(descriptor: unknown): CompileResult {
  const parsed = tableSchema.safeParse(descriptor);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({
      path: pathText(issue.path),
      code: 'schema_malformed' as const,
      message: issue.message,
    }));
    return { ok: false, issues };
  }
  const issues: SchemaIssue[] = [];
  const schema = compileParsed(parsed.data, (path, code, message) => issues.push({ path, code, message }));
  return issues.length === 0 ? { ok: true, schema } : { ok: false, issues };
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

type Refuse = (path: string, code: SchemaCode, message: string) => void;

function compileParsed(descriptor: TableSchema, refuse: Refuse): CompiledSchema {
  const byName = indexNames(descriptor.fields, refuse);
  if (descriptor.foreignKeys !== undefined) {
    const message = 'foreignKeys are not checked here, and a rule that is not checked is not to be promised';
    refuse('foreignKeys', 'foreign_keys_unsupported', message);
  }
  const missing = missingTexts(descriptor.missingValues, 'missingValues', refuse) ?? [''];
  const keyNames =
    typeof descriptor.primaryKey === 'string' ? [descriptor.primaryKey] : descriptor.primaryKey;
  const key = indexesOf(keyNames ?? [], 'primaryKey', byName, refuse);
  const fields = descriptor.fields.map((field, index) => {
    const path = `fields[${index}]`;
    const problems: FieldProblem[] = [];
    const own = missingTexts(field.missingValues, `${path}.missingValues`, refuse);
    const compiled = compileField(field, own ?? missing, key.includes(index), problems);
    for (const { property, code, message } of problems) refuse(`${path}.${property}`, code, message);
    return compiled;
  });
  for (const index of key) {
    const { name, type } = fields[index] ?? { name: '', type: 'any' };
    if (type !== 'array' && type !== 'object' && type !== 'list') continue;
    refuse(
      'primaryKey',
      'key_type_unsupported',
      `${name} is of type ${type}, and a key is made of single values`,
    );
  }
  const uniqueKeys = (descriptor.uniqueKeys ?? []).map((names, i) =>
    indexesOf(names, `uniqueKeys[${i}]`, byName, refuse),
  );
  const uniqueFields = fields.flatMap((field, index) => (field.unique ? [[index]] : []));
  return {
    fields,
    key,
    uniqueKeys: [...uniqueKeys, ...uniqueFields],
    ...columnRules(descriptor, refuse),
    byName,
    byFoldedName: foldNames(descriptor, byName, refuse),
  };
}

function indexNames(fields: readonly FieldDescriptor[], refuse: Refuse): Map<string, number> {
  const byName = new Map<string, number>();
  for (const [index, { name }] of fields.entries()) {
    const path = `fields[${index}].name`;
    if (byName.has(name)) refuse(path, 'name_duplicate', `there is another field ${JSON.stringify(name)}`);
    if (reservedNames.has(name)) refuse(path, 'name_reserved', `${name} is a name that no column may have`);
    byName.set(name, index);
  }
  return byName;
}

function missingTexts(
  values: TableSchema['missingValues'],
  path: string,
  refuse: Refuse,
): string[] | undefined {
  const texts = values?.map((entry) => (typeof entry === 'string' ? entry : entry.value));
  if (texts !== undefined && new Set(texts).size < texts.length) {
    refuse(path, 'missing_values_invalid', 'a value stands in the list twice');
  }
  return texts;
}

function indexesOf(
  names: readonly string[],
  path: string,
  byName: ReadonlyMap<string, number>,
  refuse: Refuse,
): number[] {
  if (new Set(names).size < names.length)
    refuse(path, 'key_field_repeated', 'a field stands in the key twice');
  return names.flatMap((name) => {
    const index = byName.get(name);
    if (index === undefined) refuse(path, 'key_field_unknown', `there is no field ${JSON.stringify(name)}`);
    return index ?? [];
  });
}

/** Which columns may be there. `exact`, `equal` and `superset` forbid others by themselves. */
function columnRules(
  { fieldsMatch, unknownColumns }: TableSchema,
  refuse: Refuse,
): Pick<CompiledSchema, 'fieldsMatch' | 'unknownColumns'> {
  if (fieldsMatch === undefined) {
    const rule = unknownColumns ?? 'ignore';
    return { fieldsMatch: rule === 'reject' ? 'equal' : 'subset', unknownColumns: rule };
  }
  const forbids = fieldsMatch !== 'subset' && fieldsMatch !== 'partial';
  if (unknownColumns !== undefined && forbids !== (unknownColumns === 'reject')) {
    const rule = forbids ? 'forbids' : 'allows';
    const message = `fieldsMatch ${fieldsMatch} ${rule} other columns, unknownColumns says ${unknownColumns}`;
    refuse('unknownColumns', 'fields_match_contradiction', message);
  }
  return { fieldsMatch, unknownColumns: unknownColumns ?? (forbids ? 'reject' : 'ignore') };
}

function foldNames(
  { fields, aliases = {} }: TableSchema,
  byName: ReadonlyMap<string, number>,
  refuse: Refuse,
): Map<string, number> {
  const folded = new Map<string, number>();
  for (const [index, { name }] of fields.entries()) {
    const text = foldName(name);
    folded.set(text, folded.has(text) ? -1 : index);
  }
  for (const [name, spellings] of Object.entries(aliases)) {
    const index = byName.get(name);
    if (index === undefined) {
      refuse(`aliases.${name}`, 'alias_field_unknown', `there is no field ${JSON.stringify(name)}`);
      continue;
    }
    for (const [i, spelling] of spellings.entries()) {
      const text = foldName(spelling);
      const other = folded.get(text);
      if (text === '') refuse(`aliases.${name}[${i}]`, 'alias_ambiguous', 'the alias is blank');
      else if (reservedNames.has(spelling)) {
        refuse(`aliases.${name}[${i}]`, 'name_reserved', `${spelling} is a name that no column may have`);
      } else if (other !== undefined && other !== index) {
        refuse(
          `aliases.${name}[${i}]`,
          'alias_ambiguous',
          `${JSON.stringify(spelling)} means another field too`,
        );
      } else folded.set(text, index);
    }
  }
  return folded;
}
