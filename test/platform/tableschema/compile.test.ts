import { OpenAPIHono } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';

import { compileSchema, tableSchema } from '../../../src/platform/tableschema/index.ts';
import { compiled, refusals } from './build.ts';

const field = (rest: Record<string, unknown>) => ({ fields: [{ name: 'x', ...rest }] });

describe('compileSchema', () => {
  it('takes a descriptor with members that nobody here knows', () => {
    compiled({
      $schema: 'https://datapackage.org/profiles/2.0/tableschema.json',
      title: 'Students',
      fields: [
        {
          name: 'id',
          type: 'integer',
          title: 'Id',
          rdfType: 'http://schema.org/identifier',
          example: 1,
          custom: { a: 1 },
        },
      ],
      primaryKey: 'id',
    });
  });

  it.each([
    ['no object', 7, [' schema_malformed']],
    ['no fields', {}, ['fields schema_malformed']],
    ['an empty list of fields', { fields: [] }, ['fields schema_malformed']],
    ['a field without a name', { fields: [{ type: 'string' }] }, ['fields[0].name schema_malformed']],
    ['an unknown type', field({ type: 'text' }), ['fields[0].type schema_malformed']],
    [
      'a length below zero',
      field({ type: 'string', constraints: { minLength: -1 } }),
      ['fields[0].constraints.minLength schema_malformed'],
    ],
    ['two fields of a name', { fields: [{ name: 'a' }, { name: 'a' }] }, ['fields[1].name name_duplicate']],
    [
      'a reserved name',
      { fields: [{ name: '_job' }, { name: '__proto__' }] },
      ['fields[0].name name_reserved', 'fields[1].name name_reserved'],
    ],
    ['geojson', field({ type: 'geojson' }), ['fields[0].type type_unsupported']],
    ['geopoint', field({ type: 'geopoint' }), ['fields[0].type type_unsupported']],
    ['duration', field({ type: 'duration' }), ['fields[0].type type_unsupported']],
    ['an unknown format', field({ type: 'string', format: 'phone' }), ['fields[0].format format_unknown']],
    [
      'a format of a type without any',
      field({ type: 'integer', format: '%d' }),
      ['fields[0].format format_unknown'],
    ],
    [
      'a format like a member of every object',
      field({ type: 'string', format: 'toString' }),
      ['fields[0].format format_unknown'],
    ],
    [
      'foreign keys',
      { ...field({}), foreignKeys: [{ fields: ['x'] }] },
      ['foreignKeys foreign_keys_unsupported'],
    ],
    [
      'a missing value twice',
      { ...field({}), missingValues: ['', ''] },
      ['missingValues missing_values_invalid'],
    ],
    [
      'a missing value twice in a field',
      field({ missingValues: [{ value: '-' }, { value: '-' }] }),
      ['fields[0].missingValues missing_values_invalid'],
    ],
  ])('refuses %s', (_name, descriptor, expected) => {
    expect(refusals(descriptor)).toEqual(expected);
  });

  it.each([
    [
      'a decimalChar of a string',
      { type: 'string', decimalChar: ',' },
      'decimalChar property_not_applicable',
    ],
    ['trueValues of a number', { type: 'number', trueValues: ['1'] }, 'trueValues property_not_applicable'],
    ['a delimiter of a string', { type: 'string', delimiter: ';' }, 'delimiter property_not_applicable'],
    [
      'categories of a date',
      { type: 'date', categories: ['2024-01-01'] },
      'categories property_not_applicable',
    ],
    ['a digit that groups', { type: 'integer', groupChar: '0' }, 'groupChar number_format_invalid'],
    [
      'a decimal point of two characters',
      { type: 'number', decimalChar: '::' },
      'decimalChar number_format_invalid',
    ],
    ['one character for two things', { type: 'number', groupChar: '.' }, 'groupChar number_format_invalid'],
    [
      'a value that is true and false',
      { type: 'boolean', falseValues: ['1'] },
      'falseValues boolean_values_invalid',
    ],
    ['no true value', { type: 'boolean', trueValues: [] }, 'trueValues boolean_values_invalid'],
    ['a repeated category', { type: 'string', categories: ['a', 'a'] }, 'categories[1] categories_invalid'],
    ['no category', { type: 'string', categories: [] }, 'categories categories_invalid'],
    [
      'a category of another type',
      { type: 'integer', categories: ['a'] },
      'categories[0] categories_invalid',
    ],
    [
      'one label for two categories',
      {
        type: 'integer',
        categories: [
          { value: 1, label: 'a' },
          { value: 2, label: 'a' },
        ],
      },
      'categories categories_invalid',
    ],
  ])('refuses %s', (_name, rest, expected) => {
    expect(refusals(field(rest))).toEqual([`fields[0].${expected}`]);
  });

  it.each([
    [
      'minLength of an integer',
      { type: 'integer', constraints: { minLength: 1 } },
      'minLength constraint_not_applicable',
    ],
    [
      'maxLength of a date',
      { type: 'date', constraints: { maxLength: 1 } },
      'maxLength constraint_not_applicable',
    ],
    [
      'minimum of a string',
      { type: 'string', constraints: { minimum: 1 } },
      'minimum constraint_not_applicable',
    ],
    ['maximum where there is no type', { constraints: { maximum: 1 } }, 'maximum constraint_not_applicable'],
    [
      'a pattern of an integer',
      { type: 'integer', constraints: { pattern: '1' } },
      'pattern constraint_not_applicable',
    ],
    [
      'an unknown constraint',
      { type: 'string', constraints: { minlength: 1 } },
      'minlength constraint_unknown',
    ],
    ['jsonSchema', { type: 'object', constraints: { jsonSchema: {} } }, 'jsonSchema constraint_unsupported'],
    [
      'minLength over maxLength',
      { type: 'string', constraints: { minLength: 3, maxLength: 2 } },
      'minLength range_empty',
    ],
    [
      'minimum over maximum',
      { type: 'integer', constraints: { minimum: 3, maximum: 2 } },
      'minimum range_empty',
    ],
    [
      'minimum over maximum of dates',
      { type: 'date', constraints: { minimum: '2024-02-01', maximum: '2024-01-01' } },
      'minimum range_empty',
    ],
    [
      'an exclusive bound on the other',
      { type: 'integer', constraints: { exclusiveMinimum: 2, maximum: 2 } },
      'exclusiveMinimum range_empty',
    ],
    [
      'a bound of another type',
      { type: 'integer', constraints: { minimum: 'one' } },
      'minimum constraint_value_invalid',
    ],
    [
      'a bound that is no day',
      { type: 'date', constraints: { maximum: '2024-02-31' } },
      'maximum constraint_value_invalid',
    ],
    [
      'NaN as a bound',
      { type: 'number', constraints: { maximum: 'NaN' } },
      'maximum constraint_value_invalid',
    ],
    ['an empty enum', { type: 'string', constraints: { enum: [] } }, 'enum enum_empty'],
    [
      'an enum value of another type',
      { type: 'integer', constraints: { enum: [1, 'a'] } },
      'enum[1] enum_value_invalid',
    ],
    [
      'an enum value of a thousand brackets',
      { constraints: { enum: [JSON.parse('['.repeat(1_000) + ']'.repeat(1_000))] } },
      'enum[0] enum_value_invalid',
    ],
    [
      'an enum value twice',
      { type: 'integer', constraints: { enum: [1, '01'] } },
      'enum[1] enum_value_invalid',
    ],
    [
      'an enum value that is no category',
      { type: 'string', categories: ['a'], constraints: { enum: ['b'] } },
      'enum enum_value_invalid',
    ],
    [
      'a pattern that does not compile',
      { type: 'string', constraints: { pattern: '(' } },
      'pattern pattern_invalid',
    ],
    ['nested quantifiers', { type: 'string', constraints: { pattern: '(a+)+' } }, 'pattern pattern_unsafe'],
    [
      'a pattern that is too long',
      { type: 'string', constraints: { pattern: 'a'.repeat(600) } },
      'pattern pattern_too_large',
    ],
  ])('refuses %s', (_name, rest, expected) => {
    expect(refusals(field(rest))).toEqual([`fields[0].constraints.${expected}`]);
  });

  it.each([
    ['a key of no field', { primaryKey: 'z' }, ['primaryKey key_field_unknown']],
    ['a key with a field twice', { primaryKey: ['a', 'a'] }, ['primaryKey key_field_repeated']],
    ['a key of an array', { primaryKey: ['a', 'b'] }, ['primaryKey key_type_unsupported']],
    ['a unique key of no field', { uniqueKeys: [['a'], ['z']] }, ['uniqueKeys[1] key_field_unknown']],
    ['an alias of no field', { aliases: { z: ['y'] } }, ['aliases.z alias_field_unknown']],
    ['an alias that is another field', { aliases: { a: [' B '] } }, ['aliases.a[0] alias_ambiguous']],
    [
      'an alias of two fields',
      { aliases: { a: ['Grösse'], b: ['größe', 'GROSSE'] } },
      ['aliases.b[1] alias_ambiguous'],
    ],
    ['a blank alias', { aliases: { a: [' '] } }, ['aliases.a[0] alias_ambiguous']],
    [
      'equal columns of which some may be ignored',
      { fieldsMatch: 'equal', unknownColumns: 'ignore' },
      ['unknownColumns fields_match_contradiction'],
    ],
    [
      'a subset without other columns',
      { fieldsMatch: 'subset', unknownColumns: 'reject' },
      ['unknownColumns fields_match_contradiction'],
    ],
  ])('refuses %s', (_name, rest, expected) => {
    const fields = [
      { name: 'a', type: 'string' },
      { name: 'b', type: 'array' },
    ];
    expect(refusals({ fields, ...rest })).toEqual(expected);
  });

  it('tells everything that is wrong, not the first', () => {
    const fields = [
      { name: 'a', type: 'geojson' },
      { name: 'a', type: 'integer', constraints: { minimum: 2, maximum: 1, pattern: 'a' } },
    ];
    expect(refusals({ fields, primaryKey: 'b' })).toEqual([
      'fields[1].name name_duplicate',
      'primaryKey key_field_unknown',
      'fields[0].type type_unsupported',
      'fields[1].constraints.minimum range_empty',
      'fields[1].constraints.pattern constraint_not_applicable',
    ]);
  });

  it('has a sentence for each', () => {
    const result = compileSchema(field({ type: 'geojson' }));
    expect(result).toMatchObject({
      issues: [{ message: expect.stringContaining('geojson is not read here') }],
    });
  });
});

describe('tableSchema', () => {
  it('keeps what it does not know, at every level', () => {
    const descriptor = { fields: [{ name: 'a', unit: 'kg', constraints: { note: 'x' } }], owner: 'me' };
    expect(tableSchema.parse(descriptor)).toEqual(descriptor);
  });

  it('can be told in an OpenAPI document', () => {
    const app = new OpenAPIHono();
    const content = { 'application/json': { schema: tableSchema } };
    app.openAPIRegistry.registerPath({
      method: 'put',
      path: '/',
      request: { body: { content } },
      responses: { 200: { description: 'saved', content } },
    });
    const document = JSON.stringify(
      app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '1' } }),
    );
    expect(document).toContain('fieldsMatch');
    expect(document).toContain('additionalProperties');
  });
});
