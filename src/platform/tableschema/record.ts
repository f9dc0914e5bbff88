import { fieldIndexOf } from './columns.ts';
import { type CompiledSchema, reportColumns, reservedNames } from './compile.ts';
import { isDeeperThan, type Json, type JsonObject, maxJsonDepth } from './json.ts';
import { issueOf, keyOf, type RowIssue, type RowResult, type RowValues, rejected } from './row.ts';

/** What `checkRecord` needs to read the JSON objects of one file, whose members may differ from line to line. */
export interface RecordPlan {
  readonly schema: CompiledSchema;
  /** The field index of a member's name, -1 for an unknown one, -2 for one of an error report. */
  readonly indexOf: (name: string) => number;
}

/** Names that are remembered: a file may have a new one on every line. */
const maxRemembered = 5_000;
const maxUnknownIssues = 50;

export function matchRecords(schema: CompiledSchema): RecordPlan {
  const remembered = new Map<string, number>();
  return {
    schema,
    indexOf: (name) => {
      const known = remembered.get(name);
      if (known !== undefined) return known;
      const index = fieldIndexOf(schema, name);
      const answer = index < 0 && reportColumns.includes(name) ? -2 : index;
      if (remembered.size < maxRemembered) remembered.set(name, answer);
      return answer;
    },
  };
}

/**
 * Reads a JSON object as `checkRow` reads a row. Strings are read as cells are; other values must be of
 * their field's type. A member that is not there is null, or, where `fieldsMatch` is `superset` or
 * `partial`, not there in the result either. `columnNumber` is the field's place in the schema, 0 for an
 * unknown member.
 */
export function checkRecord(plan: RecordPlan, record: JsonObject): RowResult {
  const { fields, fieldsMatch } = plan.schema;
  const values: RowValues = {};
  const issues: RowIssue[] = [];
  const found = sortMembers(plan, record, values, issues);
  const mayLack = fieldsMatch === 'superset' || fieldsMatch === 'partial';
  for (const [index, field] of fields.entries()) {
    const written = found[index];
    if (written === undefined && mayLack && !field.required) continue;
    const value = field.readNative(written ?? null);
    if (value !== undefined) values[field.name] = value;
    else for (const fault of field.explain(written ?? null)) issues.push(issueOf(fault, field, index + 1));
  }
  const key = issues.length === 0 ? keyOf(plan.schema, values) : undefined;
  if (key !== undefined) return { ok: true, values, key };
  return rejected(plan.schema, values, issues, (field) => fields.indexOf(field) + 1);
}

/** Answers the members by field index; unknown ones go to `values` or to `issues`. */
function sortMembers(
  { schema, indexOf }: RecordPlan,
  record: JsonObject,
  values: RowValues,
  issues: RowIssue[],
): (Json | undefined)[] {
  const found: (Json | undefined)[] = new Array(schema.fields.length);
  const isFull = () => issues.length >= maxUnknownIssues;
  for (const [name, value] of Object.entries(record)) {
    const index = indexOf(name);
    if (index === -2) continue;
    const column = schema.fields[index]?.name ?? shortName(name);
    if (index >= 0) {
      if (found[index] === undefined) found[index] = value;
      else {
        const message = 'two members of the record mean this field';
        issues.push({ column, columnNumber: index + 1, code: 'column_duplicate', message });
      }
    } else if (
      schema.unknownColumns === 'reject' ||
      (schema.unknownColumns === 'keep' && reservedNames.has(name))
    ) {
      const message = 'no field of the schema';
      if (!isFull()) issues.push({ column, columnNumber: 0, code: 'column_unknown', message });
    } else if (schema.unknownColumns === 'keep') {
      if (!isDeeperThan(value, maxJsonDepth)) values[name] = value;
      else if (!isFull()) {
        const message = `nested deeper than ${maxJsonDepth}`;
        issues.push({ column, columnNumber: 0, code: 'json_too_deep', message });
      }
    }
  }
  return found;
}

function shortName(name: string): string {
  return name.length > 60 ? `${name.slice(0, 59)}…` : name;
}
