import { describe, expect, it } from 'vitest';
import { inferCandidates, inferSchema } from '../../../src/platform/tableschema/index.ts';
import { refusals } from './build.ts';

/** The inferred field of a column with these cells, without its name. */
function inferred(...cells: string[]) {
  const { name, ...rest } = inferSchema(
    ['x'],
    cells.map((cell) => [cell]),
  ).fields[0] ?? { name: '' };
  expect(name).toBe('x');
  return rest;
}

describe('inferSchema', () => {
  it.each([
    [['1', '-20', ''], { type: 'integer' }],
    [['1', '2.5'], { type: 'number' }],
    [['true', 'False'], { type: 'boolean' }],
    [['0', '1'], { type: 'integer' }],
    [['2024-01-26'], { type: 'date' }],
    [['26.01.2024', '1.2.2024'], { type: 'date', format: '%d.%m.%Y' }],
    [['26/01/2024', '01/02/2024'], { type: 'date', format: '%d/%m/%Y' }],
    [['01/26/2024', '01/02/2024'], { type: 'date', format: '%m/%d/%Y' }],
    [['2024-01-26T15:00:00Z'], { type: 'datetime' }],
    [['2024-01-26 15:00:00'], { type: 'datetime', format: '%Y-%m-%d %H:%M:%S' }],
    [['15:00:00'], { type: 'time' }],
    [['2024-01'], { type: 'yearmonth' }],
    [['{"a":1}'], { type: 'object' }],
    [['a@b.co', 'c@d.org'], { type: 'string', format: 'email' }],
    [['123e4567-e89b-12d3-a456-426614174000'], { type: 'string', format: 'uuid' }],
    [['a', '1'], { type: 'string' }],
    [['', ' '], { type: 'string' }],
  ])('takes %j for %j', (cells, field) => {
    expect(inferred(...cells)).toEqual(field);
  });

  it('leaves digits that a type would lose', () => {
    expect(inferred('007', '12')).toEqual({ type: 'string' });
    expect(inferred('8400123456789012345')).toEqual({ type: 'string' });
  });

  it('does not guess between day and month', () => {
    expect(inferred('01/02/2024', '03/04/2024')).toEqual({ type: 'string' });
  });

  it('sees tokens for missing values where the rest has a type', () => {
    expect(inferred('1', '?', 'NA')).toEqual({ type: 'integer', missingValues: ['', 'NA', '?'] });
    expect(inferred('x', 'NA')).toEqual({ type: 'string' });
  });

  it('finds the key: the column that sounds like one, else the fewest columns that tell rows apart', () => {
    const rows = [
      ['a', 'x', '1'],
      ['b', 'x', '2'],
      ['c', 'y', '3'],
    ];
    expect(inferSchema(['name', 'group', 'student_id'], rows).primaryKey).toBe('student_id');
    const composite = [
      ['AAA', '2013J', '1'],
      ['AAA', '2014J', '1'],
      ['BBB', '2013J', '1'],
      ['AAA', '2013J', '2'],
    ];
    expect(inferSchema(['module', 'presentation', 'student'], composite).primaryKey).toEqual([
      'module',
      'presentation',
      'student',
    ]);
    expect(inferSchema(['a'], [['x'], ['x']])).not.toHaveProperty('primaryKey');
    expect(
      inferSchema(
        ['a', 'b'],
        [
          ['x', ''],
          ['x', 'y'],
        ],
      ),
    ).not.toHaveProperty('primaryKey');
  });

  it('adds to a composite key the codes that the sample has only one of', () => {
    const header = ['code_module', 'code_presentation', 'id_student', 'gender'];
    const rows = [
      ['AAA', '2013J', '1', 'F'],
      ['AAA', '2014J', '1', 'F'],
      ['AAA', '2013J', '2', 'F'],
    ];
    expect(inferSchema(header, rows).primaryKey).toEqual(['code_module', 'code_presentation', 'id_student']);
  });

  it('writes a schema that can be saved, whatever the header', () => {
    const header = ['id', '', 'id', '_job', '__proto__', 'é'.repeat(300), ' b '];
    const schema = inferSchema(header, [['1', '', '2', '3', '4', '5', 'x']]);
    expect(schema.fields.map(({ name }) => name)).toEqual(['id', 'b']);
    expect(refusals(schema)).toEqual([]);
  });
});

describe('inferCandidates', () => {
  it('gives every key that tells the rows apart, the likeliest first', () => {
    const header = ['note', 'id', 'term', 'mark'];
    const rows = [
      ['a', '1', 'x', '5'],
      ['b', '2', 'x', '5'],
      ['c', '3', 'y', '5'],
    ];
    const { keys } = inferCandidates(header, rows);
    expect(keys.slice(0, 2)).toEqual([['id'], ['note']]);
    expect(keys).not.toContainEqual(['term']);
    expect(inferSchema(header, rows).primaryKey).toBe('id');
  });
});
