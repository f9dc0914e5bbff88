import { describe, expect, it } from 'vitest';
import {
  checkRecord,
  type Json,
  type JsonObject,
  matchRecords,
} from '../../../src/platform/tableschema/index.ts';
import { compiled } from './build.ts';

function check(descriptor: Record<string, unknown>, record: JsonObject) {
  return checkRecord(matchRecords(compiled(descriptor)), record);
}

function nativeReader(type: string, rest: Record<string, unknown> = {}) {
  return (value: Json) => {
    const result = check({ fields: [{ name: 'x', type, ...rest }] }, { x: value });
    return result.ok ? { value: result.values.x } : { codes: result.issues.map(({ code }) => code) };
  };
}

const schema = {
  fields: [
    { name: 'id', type: 'integer' },
    { name: 'name', type: 'string', constraints: { required: true } },
    { name: 'tags', type: 'list', itemType: 'integer' },
  ],
  primaryKey: 'id',
  aliases: { name: ['Full Name'] },
};

describe('checkRecord', () => {
  it('reads native values and texts alike', () => {
    const good = { ok: true, key: '7', values: { id: 7, name: 'Ada', tags: [1, 2] } };
    expect(check(schema, { id: 7, name: 'Ada', tags: [1, '2'] })).toEqual(good);
    expect(check(schema, { id: '07', name: 'Ada', tags: '1,2' })).toEqual(good);
  });

  it('finds members by other spellings, differing from record to record', () => {
    const plan = matchRecords(compiled(schema));
    expect(checkRecord(plan, { ID: 1, 'full name': 'Ada' })).toMatchObject({
      ok: true,
      values: { name: 'Ada' },
    });
    expect(checkRecord(plan, { id: 1, name: 'Bea' })).toMatchObject({ ok: true, values: { name: 'Bea' } });
  });

  it('takes a member that is not there for null', () => {
    expect(check(schema, { id: 7, name: 'Ada' })).toMatchObject({ ok: true, values: { tags: null } });
    expect(check(schema, { id: 7 })).toEqual({
      ok: false,
      key: '7',
      issues: [{ column: 'name', columnNumber: 2, code: 'required', message: expect.any(String) }],
    });
  });

  it('leaves it out where fieldsMatch lets it lack', () => {
    const result = check({ ...schema, fieldsMatch: 'partial' }, { id: 7, name: 'Ada' });
    expect(result).toEqual({ ok: true, key: '7', values: { id: 7, name: 'Ada' } });
  });

  it('tells every error, and an empty key', () => {
    const result = check(schema, { id: null, name: 7, tags: [1, 'x'] });
    expect(result).toMatchObject({
      ok: false,
      issues: [{ code: 'key_empty' }, { code: 'not_a_string' }, { code: 'list_item_invalid' }],
    });
    expect(result).not.toHaveProperty('key');
  });

  it('keeps, ignores or rejects unknown members', () => {
    const record = { id: 7, name: 'Ada', more: { a: [1] }, _job: 'job_1' };
    expect(check(schema, record)).toMatchObject({
      ok: true,
      values: expect.not.objectContaining({ more: { a: [1] } }),
    });
    expect(check({ ...schema, unknownColumns: 'keep' }, record)).toMatchObject({
      ok: true,
      values: { more: { a: [1] } },
    });
    expect(check({ ...schema, unknownColumns: 'reject' }, record)).toEqual({
      ok: false,
      key: '7',
      issues: [{ column: 'more', columnNumber: 0, code: 'column_unknown', message: expect.any(String) }],
    });
  });

  it('rejects two members that mean one field', () => {
    expect(check(schema, { id: 7, name: 'Ada', Name: 'Bea' })).toMatchObject({
      ok: false,
      issues: [{ column: 'name', columnNumber: 2, code: 'column_duplicate' }],
    });
  });

  it('is not taken in by __proto__', () => {
    const record = JSON.parse('{"id": 7, "name": "Ada", "__proto__": {"tags": "1"}}');
    expect(check({ ...schema, unknownColumns: 'keep' }, record)).toMatchObject({
      ok: false,
      issues: [{ code: 'column_unknown' }],
    });
    expect(check(schema, record)).toMatchObject({ ok: true, values: { tags: null } });
  });

  it('puts no value into a message', () => {
    const result = check(schema, { id: 'S3CRET', name: ['S3CRET'], tags: { a: 'S3CRET' } });
    expect(JSON.stringify(result)).not.toContain('S3CRET');
  });
});

describe('a native value', () => {
  it.each([
    ['integer', 5, 5],
    ['integer', -0, 0],
    ['number', 1.5, 1.5],
    ['boolean', false, false],
    ['year', 2024, 2024],
    ['array', [1, [2]], [1, [2]]],
    ['object', { a: null }, { a: null }],
    ['list', ['a'], ['a']],
    ['any', { a: [1] }, { a: [1] }],
    ['any', 1, 1],
    ['date', '2024-01-26', '2024-01-26'],
    ['array', '[1]', [1]],
  ])('of type %s: %j', (type, written, value) => {
    expect(nativeReader(type)(written)).toEqual({ value });
  });

  it.each([
    ['integer', 1.5, 'not_an_integer'],
    ['integer', 9007199254740992, 'number_imprecise'],
    ['integer', true, 'not_an_integer'],
    ['string', 5, 'not_a_string'],
    ['number', false, 'not_a_number'],
    ['boolean', 1, 'not_a_boolean'],
    ['date', 20240126, 'not_a_date'],
    ['year', 2024.5, 'not_a_year'],
    ['array', { a: 1 }, 'not_an_array'],
    ['object', [1], 'not_an_object'],
    ['list', { a: 1 }, 'not_a_list'],
    ['list', [[1]], 'list_item_invalid'],
    ['list', [null], 'list_item_invalid'],
  ])('that is no %s: %j', (type, written, code) => {
    expect(nativeReader(type)(written)).toEqual({ codes: [code] });
  });

  it('may not nest deeper than a cell may', () => {
    let deep: Json = [];
    for (let i = 0; i < 64; i++) deep = [deep];
    expect(nativeReader('any')(deep)).toEqual({ codes: ['json_too_deep'] });
    expect(nativeReader('array')(deep)).toEqual({ codes: ['json_too_deep'] });
    expect(check({ fields: [{ name: 'x' }], unknownColumns: 'keep' }, { x: 1, y: deep })).toMatchObject({
      issues: [{ column: 'y', code: 'json_too_deep' }],
    });
  });

  it('is held to the constraints of its field', () => {
    expect(nativeReader('integer', { constraints: { minimum: 3 } })(2)).toEqual({ codes: ['below_minimum'] });
    expect(nativeReader('array', { constraints: { maxLength: 1 } })([1, 2])).toEqual({ codes: ['too_long'] });
  });

  it('in a key is a single value', () => {
    const keyed = { fields: [{ name: 'id' }], primaryKey: 'id' };
    expect(check(keyed, { id: 7 })).toMatchObject({ ok: true, key: '7' });
    expect(check(keyed, { id: [7] })).toMatchObject({ ok: false, issues: [{ code: 'key_invalid' }] });
  });
});
