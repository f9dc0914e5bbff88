import { expect } from 'vitest';
import {
  type ColumnPlan,
  type CompiledSchema,
  checkRow,
  compileSchema,
  type Json,
  matchColumns,
} from '../../../src/platform/tableschema/index.ts';

type Field = Record<string, unknown>;

export function compiled(descriptor: Record<string, unknown>): CompiledSchema {
  const result = compileSchema(descriptor);
  expect(result).toMatchObject({ ok: true });
  if (!result.ok) throw new Error('the schema was refused');
  return result.schema;
}

/** `path code` of everything that a schema is refused for. */
export function refusals(descriptor: unknown): string[] {
  const result = compileSchema(descriptor);
  return result.ok ? [] : result.issues.map(({ path, code }) => `${path} ${code}`);
}

export function planOf(descriptor: Record<string, unknown>, header: string[]): ColumnPlan {
  const result = matchColumns(compiled(descriptor), header);
  expect(result).toMatchObject({ ok: true });
  if (!result.ok) throw new Error('the header was refused');
  return result.plan;
}

/** What one cell of a field is read as: `{ value }`, or `{ codes }` of everything wrong with it. */
export function cellReader(field: Field): (cell: string) => { value: Json } | { codes: string[] } {
  const plan = planOf({ fields: [{ name: 'x', ...field }] }, ['x']);
  return (cell) => {
    const result = checkRow(plan, [cell]);
    return result.ok ? { value: result.values.x ?? null } : { codes: result.issues.map(({ code }) => code) };
  };
}
