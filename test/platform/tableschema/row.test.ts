import { describe, expect, it } from 'vitest';
import { checkRow } from '../../../src/platform/tableschema/index.ts';
import { planOf } from './build.ts';

const students = {
  fields: [
    { name: 'module', type: 'string' },
    { name: 'id', type: 'integer', constraints: { minimum: 1 } },
    { name: 'name', type: 'string', constraints: { required: true, minLength: 3, pattern: '[A-Z].*' } },
    { name: 'born', type: 'date' },
    { name: 'active', type: 'boolean' },
  ],
  primaryKey: ['module', 'id'],
};
const header = ['module', 'id', 'name', 'born', 'active'];

describe('checkRow', () => {
  const plan = planOf(students, header);

  it('answers canonical values and the key of a good row', () => {
    expect(checkRow(plan, ['AAA', ' 0042 ', 'Ada', '1815-12-10', 'TRUE'])).toEqual({
      ok: true,
      values: { module: 'AAA', id: 42, name: 'Ada', born: '1815-12-10', active: true },
      key: 'AAA~42',
    });
  });

  it('takes missing cells as null', () => {
    expect(checkRow(plan, ['AAA', '1', 'Ada', '', ''])).toMatchObject({
      ok: true,
      values: { born: null, active: null },
    });
  });

  it('tells every error of a row, every one of a cell among them, and still its key', () => {
    expect(checkRow(plan, ['AAA', '7', 'a', '2024-02-31', 'perhaps'])).toEqual({
      ok: false,
      key: 'AAA~7',
      issues: [
        { column: 'name', columnNumber: 3, code: 'too_short', message: 'shorter than 3' },
        { column: 'name', columnNumber: 3, code: 'pattern_mismatch', message: expect.any(String) },
        { column: 'born', columnNumber: 4, code: 'no_such_date', message: 'there is no such date' },
        { column: 'active', columnNumber: 5, code: 'not_a_boolean', message: expect.any(String) },
      ],
    });
  });

  it('has no key where part of it cannot be read', () => {
    const result = checkRow(plan, ['AAA', '0', 'Ada', '', '']);
    expect(result).toMatchObject({ ok: false, issues: [{ column: 'id', code: 'below_minimum' }] });
    expect(result).not.toHaveProperty('key');
  });

  it('names an empty or blank key column', () => {
    for (const [module, id] of [
      ['', '1'],
      ['  ', '1'],
    ] as const) {
      const result = checkRow(plan, [module, id, 'Ada', '', '']);
      expect(result).toMatchObject({
        ok: false,
        issues: [{ column: 'module', columnNumber: 1, code: 'key_empty' }],
      });
    }
  });

  it('reads neither values nor a key from a row of the wrong width', () => {
    expect(checkRow(plan, ['AAA', '1'])).toEqual({
      ok: false,
      issues: [{ column: '', columnNumber: 0, code: 'row_short', message: '2 cells where the header has 5' }],
    });
    expect(checkRow(plan, ['AAA', '1', 'Ada', '', '', 'x'])).toMatchObject({
      issues: [{ code: 'row_long' }],
    });
  });

  it('says the empty string for the key where the schema has none', () => {
    expect(checkRow(planOf({ fields: [{ name: 'a' }] }, ['a']), ['x'])).toEqual({
      ok: true,
      values: { a: 'x' },
      key: '',
    });
  });

  it('puts no cell value into a message', () => {
    const secret = 'S3CRET-value';
    const result = checkRow(plan, ['AAA', secret, secret, secret, secret]);
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain(secret);
  });
});
