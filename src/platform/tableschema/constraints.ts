import type { CellCode } from './codes.ts';
import { canonicalJson, isDeeperThan, type Json, maxJsonDepth } from './json.ts';
import { compilePattern, maxPatternCellLength } from './pattern.ts';
import type { FieldDescriptor } from './schema.ts';
import type { Fault, FieldProblem, TypeReader } from './types/reader.ts';

/** One rule on canonical values. `fault` is asked only where the rule does not hold. */
export interface Check {
  readonly holds: (value: Json) => boolean;
  readonly fault: (value: Json) => Fault;
}

type Constraints = NonNullable<FieldDescriptor['constraints']>;

const known = new Set([
  'required',
  'unique',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'pattern',
  'enum',
]);

/** The checks of a field, in the order in which a reader of errors expects them. */
export function compileConstraints(
  field: FieldDescriptor,
  reader: TypeReader,
  problems: FieldProblem[],
): Check[] {
  const constraints: Constraints = field.constraints ?? {};
  for (const name of Object.keys(constraints)) {
    if (known.has(name)) continue;
    const property = `constraints.${name}`;
    if (name === 'jsonSchema') {
      const message = 'jsonSchema is not checked here, and a rule that is not checked is not to be promised';
      problems.push({ property, code: 'constraint_unsupported', message });
    } else problems.push({ property, code: 'constraint_unknown', message: `there is no constraint ${name}` });
  }
  return [
    ...lengthChecks(field, constraints, reader, problems),
    ...rangeChecks(field, constraints, reader, problems),
    ...patternChecks(field, constraints, problems),
    ...listedChecks(field, constraints, reader, problems),
  ];
}

function notApplicable(field: FieldDescriptor, name: string): FieldProblem {
  const message = `${name} does not apply to ${field.type ?? 'any'}`;
  return { property: `constraints.${name}`, code: 'constraint_not_applicable', message };
}

function fixed(code: CellCode, message: string, holds: (value: Json) => boolean): Check {
  const fault: Fault = { code, message };
  return { holds, fault: () => fault };
}

function lengthChecks(
  field: FieldDescriptor,
  { minLength, maxLength }: Constraints,
  { length }: TypeReader,
  problems: FieldProblem[],
): Check[] {
  if (length === undefined) {
    if (minLength !== undefined) problems.push(notApplicable(field, 'minLength'));
    if (maxLength !== undefined) problems.push(notApplicable(field, 'maxLength'));
    return [];
  }
  if (minLength !== undefined && maxLength !== undefined && minLength > maxLength) {
    const message = `minLength ${minLength} is over maxLength ${maxLength}`;
    problems.push({ property: 'constraints.minLength', code: 'range_empty', message });
  }
  const checks: Check[] = [];
  if (minLength !== undefined) {
    checks.push(fixed('too_short', `shorter than ${minLength}`, (value) => length(value) >= minLength));
  }
  if (maxLength !== undefined) {
    checks.push(fixed('too_long', `longer than ${maxLength}`, (value) => length(value) <= maxLength));
  }
  return checks;
}

const bounds = [
  { name: 'minimum', code: 'below_minimum', phrase: 'less than', holds: (order: number) => order >= 0 },
  {
    name: 'exclusiveMinimum',
    code: 'below_minimum',
    phrase: 'not more than',
    holds: (order: number) => order > 0,
  },
  { name: 'maximum', code: 'above_maximum', phrase: 'more than', holds: (order: number) => order <= 0 },
  {
    name: 'exclusiveMaximum',
    code: 'above_maximum',
    phrase: 'not less than',
    holds: (order: number) => order < 0,
  },
] as const;

function rangeChecks(
  field: FieldDescriptor,
  constraints: Constraints,
  reader: TypeReader,
  problems: FieldProblem[],
): Check[] {
  const { compare } = reader;
  const checks: Check[] = [];
  const values: Partial<Record<(typeof bounds)[number]['name'], Json>> = {};
  for (const { name, code, phrase, holds } of bounds) {
    const written = constraints[name];
    if (written === undefined) continue;
    if (compare === undefined) {
      problems.push(notApplicable(field, name));
      continue;
    }
    const value = readWritten(reader, written);
    if (value === undefined || Number.isNaN(compare(value, value))) {
      const message = `${name} is no ${field.type} itself`;
      problems.push({ property: `constraints.${name}`, code: 'constraint_value_invalid', message });
      continue;
    }
    values[name] = value;
    checks.push(fixed(code, `${phrase} ${written}`, (cell) => holds(compare(cell, value))));
  }
  if (compare !== undefined) {
    for (const low of ['minimum', 'exclusiveMinimum'] as const) {
      for (const high of ['maximum', 'exclusiveMaximum'] as const) {
        const order = compare(values[low] ?? null, values[high] ?? null);
        if (order > 0 || (order === 0 && (low !== 'minimum' || high !== 'maximum'))) {
          const message = `no value is within ${low} and ${high}`;
          problems.push({ property: `constraints.${low}`, code: 'range_empty', message });
        }
      }
    }
  }
  return checks;
}

/** A value of the schema's own: native, or text in the form of the field. */
function readWritten(reader: TypeReader, written: Json): Json | undefined {
  if (written === null || isDeeperThan(written, maxJsonDepth)) return undefined;
  return typeof written === 'string' ? reader.text(written) : reader.native(written);
}

function patternChecks(field: FieldDescriptor, { pattern }: Constraints, problems: FieldProblem[]): Check[] {
  if (pattern === undefined) return [];
  if (field.type !== 'string') {
    problems.push(notApplicable(field, 'pattern'));
    return [];
  }
  const compiled = compilePattern(pattern);
  if ('code' in compiled) {
    problems.push({ property: 'constraints.pattern', code: compiled.code, message: compiled.message });
    return [];
  }
  const { test } = compiled;
  const isShort = (value: Json) => typeof value === 'string' && value.length <= maxPatternCellLength;
  return [
    {
      holds: (value) => typeof value === 'string' && value.length <= maxPatternCellLength && test(value),
      fault: (value) =>
        isShort(value)
          ? { code: 'pattern_mismatch', message: 'does not match the pattern of the field' }
          : {
              code: 'pattern_cell_too_long',
              message: `longer than the ${maxPatternCellLength} characters that a pattern is applied to`,
            },
    },
  ];
}

function listedChecks(
  field: FieldDescriptor,
  constraints: Constraints,
  reader: TypeReader,
  problems: FieldProblem[],
): Check[] {
  const checks: Check[] = [];
  let categories: Json[] | undefined;
  if (field.categories !== undefined && (field.type === 'string' || field.type === 'integer')) {
    const entries = field.categories.map((entry) => (typeof entry === 'object' ? entry.value : entry));
    categories = readListed('categories', entries, reader, problems);
    const labels = field.categories.flatMap((entry) =>
      typeof entry === 'object' ? (entry.label ?? []) : [],
    );
    if (new Set(labels).size < labels.length) {
      const message = 'two categories have one label';
      problems.push({ property: 'categories', code: 'categories_invalid', message });
    }
    checks.push(fixed('not_in_categories', `none of ${phrase(categories)}`, contains(categories)));
  }
  if (constraints.enum !== undefined) {
    // A descriptor is JSON through and through.
    const values = readListed('constraints.enum', constraints.enum as Json[], reader, problems);
    if (categories !== undefined && !values.every(contains(categories))) {
      const message = 'enum has a value that is no category';
      problems.push({ property: 'constraints.enum', code: 'enum_value_invalid', message });
    }
    checks.push(fixed('not_in_enum', `none of ${phrase(values)}`, contains(values)));
  }
  return checks;
}

function readListed(
  property: string,
  entries: readonly Json[],
  reader: TypeReader,
  problems: FieldProblem[],
): Json[] {
  const isEnum = property !== 'categories';
  const problem = (at: number, message: string) =>
    problems.push({
      property: `${property}[${at}]`,
      code: isEnum ? 'enum_value_invalid' : 'categories_invalid',
      message,
    });
  if (entries.length === 0) {
    const message = 'the list is empty, so that no value would do';
    problems.push({ property, code: isEnum ? 'enum_empty' : 'categories_invalid', message });
  }
  const seen = new Set<string>();
  return entries.flatMap((entry, at) => {
    const value = readWritten(reader, entry);
    if (value === undefined) {
      problem(at, `not of the field's type: ${reader.explain(entry).message}`);
      return [];
    }
    const text = canonicalJson(value);
    if (seen.has(text)) problem(at, 'stands in the list twice');
    seen.add(text);
    return [value];
  });
}

function contains(values: readonly Json[]): (value: Json) => boolean {
  const scalars = new Set<Json>(values.filter((value) => typeof value !== 'object'));
  const others = new Set(values.filter((value) => typeof value === 'object').map(canonicalJson));
  return (value) => (typeof value === 'object' ? others.has(canonicalJson(value)) : scalars.has(value));
}

/** The values themselves where they are few and short, else how many there are. */
function phrase(values: readonly Json[]): string {
  const text = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ');
  return values.length <= 10 && text.length <= 100 ? text : `the ${values.length} values there are`;
}
