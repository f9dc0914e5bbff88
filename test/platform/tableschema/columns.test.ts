import { describe, expect, it } from 'vitest';
import { checkRow, type Json, matchColumns, readRow } from '../../../src/platform/tableschema/index.ts';
import { compiled, planOf } from './build.ts';

const base = {
  fields: [
    { name: 'id', type: 'string' },
    { name: 'email', type: 'string' },
    { name: 'Größe', type: 'integer' },
  ],
  primaryKey: 'id',
  aliases: { email: ['E-Mail', 'e-mail address'], id: ['Matrikel Nr'] },
};

function issuesOf(descriptor: Record<string, unknown>, header: string[]) {
  const result = matchColumns(compiled(descriptor), header);
  return result.ok ? [] : result.issues.map(({ code, field, columnNumber }) => [code, field, columnNumber]);
}

function messagesOf(descriptor: Record<string, unknown>, header: string[]): string[] {
  const result = matchColumns(compiled(descriptor), header);
  return result.ok ? [] : result.issues.map(({ message }) => message);
}

describe('matchColumns', () => {
  it('finds fields by name, whatever their order', () => {
    const plan = planOf(base, ['Größe', 'email', 'id']);
    expect(checkRow(plan, ['180', 'a@b.co', 'x'])).toEqual({
      ok: true,
      key: 'x',
      values: { id: 'x', email: 'a@b.co', Größe: 180 },
    });
  });

  it('does not mind case, outer and repeated space, and diacritics, in names and aliases', () => {
    for (const header of [
      ['ID', ' Email ', 'GROẞE'.replace('ẞ', 'ß')],
      ['MATRIKEL  nr', 'e-mail', 'große'],
      ['Id\u00a0', 'É-Mäil Address', 'Gro\u0308ße'],
    ]) {
      expect(issuesOf(base, header)).toEqual([]);
    }
  });

  it('tells two fields apart by the very name where they fold alike', () => {
    const schema = { fields: [{ name: 'id' }, { name: 'ID' }] };
    const plan = planOf(schema, ['ID', 'id']);
    expect(checkRow(plan, ['upper', 'lower'])).toMatchObject({ values: { id: 'lower', ID: 'upper' } });
    expect(issuesOf(schema, ['Id', 'id'])).toEqual([['column_missing', 'ID', undefined]]);
  });

  it('names values in the order in which an object has them, whichever way a row is read', () => {
    const fields = ['name', '2024', 'id'].map((name) => ({ name }));
    const plan = planOf({ fields, primaryKey: ['id', '2024'], unknownColumns: 'keep' }, [
      '7',
      'id',
      '2024',
      'name',
      'b',
    ]);
    const cells = ['seven', 'k', 'year', 'Ann', ''];
    const checked = checkRow(plan, cells);
    const values: Json[] = [];
    expect(checked).toMatchObject({ ok: true, key: 'k~year' });
    expect(readRow(plan, cells, values)).toBe('k~year');
    expect(Object.fromEntries(plan.names.map((name, i) => [name, values[i]]))).toEqual(
      checked.ok && checked.values,
    );
    expect(plan.names).toEqual(['7', '2024', 'name', 'id', 'b']);
    expect(readRow(plan, ['seven', ' ', 'year', 'Ann', ''], values)).toBeUndefined();
    expect(readRow(plan, ['seven', 'k', 'year', 'Ann'], values)).toBeUndefined();
  });

  it('refuses two columns for one field, also where one is an alias', () => {
    expect(issuesOf(base, ['id', 'email', 'Größe', 'E-Mail', 'id'])).toEqual([
      ['column_duplicate', 'id', 5],
      ['column_duplicate', 'email', 4],
    ]);
  });

  it('names missing fields, and the columns whose names are near', () => {
    expect(messagesOf(base, ['id', 'emial', 'Grosse', 'x'])).toEqual([
      'there is no column for the field "email"; the nearest: "emial"',
      'there is no column for the field "Größe"; the nearest: "Grosse"',
    ]);
    expect(messagesOf(base, ['id', 'Größe'])).toEqual(['there is no column for the field "email"']);
  });

  it('keeps, ignores or rejects unknown columns', () => {
    const header = ['id', 'email', 'Größe', 'extra', ''];
    const ignored = planOf(base, header);
    expect(ignored.ignored).toEqual([
      { name: 'extra', columnNumber: 4 },
      { name: '', columnNumber: 5 },
    ]);
    expect(checkRow(ignored, ['x', 'a@b.co', '1', 'more', ''])).toEqual({
      ok: true,
      key: 'x',
      values: { id: 'x', email: 'a@b.co', Größe: 1 },
    });
    const kept = planOf({ ...base, unknownColumns: 'keep' }, header.slice(0, 4));
    expect(checkRow(kept, ['x', 'a@b.co', '1', ''])).toMatchObject({ values: { extra: '' } });
    expect(issuesOf({ ...base, unknownColumns: 'reject' }, header)).toEqual([
      ['column_unknown', undefined, 4],
      ['column_blank', undefined, 5],
    ]);
  });

  it('keeps no column that has no name, another’s, or a dangerous one', () => {
    const schema = { ...base, unknownColumns: 'keep' };
    expect(issuesOf(schema, ['id', 'email', 'Größe', ' ', 'a', 'a', '__proto__'])).toEqual([
      ['column_blank', undefined, 4],
      ['column_duplicate', undefined, 6],
      ['column_reserved', undefined, 7],
    ]);
  });

  it('knows the columns of an error report, which are no data', () => {
    const header = ['_job', '_line', '_code', '_message', 'id', 'email', 'Größe'];
    const plan = planOf({ ...base, unknownColumns: 'reject' }, header);
    expect(plan.report).toEqual({ _job: 1, _line: 2, _code: 3, _message: 4 });
    expect(checkRow(plan, ['job_1', '7', 'required', 'text', 'x', '', '1'])).toEqual({
      ok: true,
      key: 'x',
      values: { id: 'x', email: null, Größe: 1 },
    });
    expect(planOf(base, ['id', 'email', 'Größe']).report).toEqual({});
  });

  it('takes them for unknown columns where there is no _job, and keeps them never', () => {
    const header = ['id', 'email', 'Größe', '_line'];
    expect(planOf(base, header)).toMatchObject({ report: {}, ignored: [{ name: '_line', columnNumber: 4 }] });
    expect(issuesOf({ ...base, unknownColumns: 'keep' }, header)).toEqual([
      ['column_reserved', undefined, 4],
    ]);
  });

  it('quotes no megabyte of header', () => {
    const [message] = messagesOf({ ...base, unknownColumns: 'reject' }, [
      'id',
      'email',
      'Größe',
      'x'.repeat(1_000_000),
    ]);
    expect(message?.length).toBeLessThan(150);
  });

  it('ends soon with ten thousand wrong columns', () => {
    const header = Array.from({ length: 10_000 }, (_, i) => `column ${i}`);
    const fields = Array.from({ length: 1_000 }, (_, i) => ({ name: `field ${i}` }));
    expect(issuesOf({ fields, unknownColumns: 'reject' }, header)).toHaveLength(1_050);
    expect(issuesOf(base, header.fill('id'))).toHaveLength(52);
  });
});

describe('fieldsMatch', () => {
  const fields = [{ name: 'a' }, { name: 'b' }, { name: 'c', constraints: { required: true } }];

  it.each([
    ['exact', ['a', 'b', 'c'], []],
    ['exact', ['A', 'b', 'c'], []],
    ['exact', ['b', 'a', 'c'], [['column_order', 'b', 1]]],
    ['exact', ['a', 'b'], [['column_missing', 'c', undefined]]],
    ['exact', ['a', 'b', 'c', 'd'], [['column_unknown', undefined, 4]]],
    ['equal', ['c', 'b', 'a'], []],
    ['equal', ['c', 'b', 'a', 'd'], [['column_unknown', undefined, 4]]],
    ['equal', ['c', 'b'], [['column_missing', 'a', undefined]]],
    ['subset', ['d', 'c', 'b', 'a'], []],
    ['subset', ['c', 'b', 'd'], [['column_missing', 'a', undefined]]],
    ['superset', ['c'], []],
    ['superset', ['c', 'd'], [['column_unknown', undefined, 2]]],
    ['superset', ['a', 'b'], [['column_missing', 'c', undefined]]],
    ['partial', ['d', 'c'], []],
    ['partial', ['d', 'a'], [['column_missing', 'c', undefined]]],
    ['partial', ['d', 'e'], [['no_known_column', undefined, undefined]]],
    ['superset', [], [['column_missing', 'c', undefined]]],
  ])('%s with the columns %j', (fieldsMatch, header, issues) => {
    expect(issuesOf({ fields, fieldsMatch }, header)).toEqual(issues);
  });

  it('leaves fields without a column out of the values', () => {
    const plan = planOf({ fields, fieldsMatch: 'superset' }, ['c', 'a']);
    expect(plan.absent).toEqual(['b']);
    expect(checkRow(plan, ['1', ''])).toEqual({ ok: true, values: { a: null, c: '1' }, key: '' });
  });

  it('wants the columns of a key even where others may be lacking', () => {
    expect(issuesOf({ fields, fieldsMatch: 'partial', primaryKey: ['b'] }, ['a', 'c'])).toEqual([
      ['column_missing', 'b', undefined],
    ]);
  });
});
