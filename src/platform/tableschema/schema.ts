/**
 * The descriptor of a Table Schema as a task saves it: Frictionless Table Schema v2
 * (datapackage.org/standard/table-schema) and two members of Crosswalk's own, `aliases` and
 * `unknownColumns`. Shapes and sizes are checked here; whether it can be right, by `compileSchema`.
 * Members that nobody here knows are kept.
 */
import { z } from 'zod';

/** Every type of the standard; `compileSchema` refuses the last three. */
const fieldTypes = [
  'string',
  'integer',
  'number',
  'boolean',
  'date',
  'time',
  'datetime',
  'year',
  'yearmonth',
  'array',
  'object',
  'list',
  'any',
  'duration',
  'geopoint',
  'geojson',
] as const;

const itemTypes = ['string', 'integer', 'boolean', 'number', 'datetime', 'date', 'time'] as const;

export const limits = {
  fields: 1_000,
  nameLength: 200,
  listedValues: 1_000,
  listedValueLength: 1_024,
  aliasesPerField: 50,
  patternLength: 512,
  formatLength: 100,
} as const;

const name = z.string().min(1).max(limits.nameLength);
const listedText = z.string().max(limits.listedValueLength);
const bound = z.union([listedText, z.number()]);
const length = z.int().min(0);

const missingValues = z
  .union([
    z.array(listedText).max(limits.listedValues),
    z.array(z.looseObject({ value: listedText, label: z.string().optional() })).max(limits.listedValues),
  ])
  .describe('Cells that mean "no value"; the default is the empty cell alone');

const constraints = z
  .looseObject({
    required: z.boolean().optional(),
    unique: z.boolean().optional(),
    minLength: length.optional(),
    maxLength: length.optional(),
    minimum: bound.optional(),
    maximum: bound.optional(),
    exclusiveMinimum: bound.optional(),
    exclusiveMaximum: bound.optional(),
    pattern: z
      .string()
      .optional()
      .describe(
        `A regular expression for the whole cell, at most ${limits.patternLength} characters, without ` +
          'nested quantifiers, back references and look-around; cells over 1,024 characters fail it',
      ),
    // Not z.json(): it is recursive without a name, and generators of OpenAPI never come back from it.
    enum: z.array(z.unknown()).max(limits.listedValues).optional(),
  })
  .describe('Rules for the value; an unknown one is refused');

const category = z.looseObject({ value: z.union([listedText, z.number()]), label: z.string().optional() });

const fieldSchema = z
  .looseObject({
    name,
    type: z.enum(fieldTypes).optional().describe('The default is `any`: taken as it is'),
    format: z
      .string()
      .max(limits.formatLength)
      .optional()
      .describe('string: email, uri, binary, uuid; date, time, datetime: any or a strptime pattern'),
    title: z.string().optional(),
    description: z.string().optional(),
    constraints: constraints.optional(),
    missingValues: missingValues.optional(),
    categories: z
      .union([
        z.array(z.union([listedText, z.number()])).max(limits.listedValues),
        z.array(category).max(limits.listedValues),
      ])
      .optional()
      .describe('string and integer: the values there are'),
    categoriesOrdered: z.boolean().optional(),
    decimalChar: z.string().optional().describe('number: the decimal point, default `.`'),
    groupChar: z.string().optional().describe('number, integer: the thousands separator, default none'),
    bareNumber: z.boolean().optional().describe('number, integer: false strips a currency or a percent sign'),
    trueValues: z.array(listedText).max(limits.listedValues).optional(),
    falseValues: z.array(listedText).max(limits.listedValues).optional(),
    itemType: z.enum(itemTypes).optional().describe('list: the type of its items, default string'),
    delimiter: z.string().min(1).max(10).optional().describe('list: between its items, default a comma'),
  })
  .meta({ id: 'TableSchemaField' });

export const tableSchema = z
  .looseObject({
    fields: z.array(fieldSchema).min(1).max(limits.fields),
    primaryKey: z
      .union([name, z.array(name)])
      .optional()
      .describe('The field or fields whose values name a record'),
    uniqueKeys: z.array(z.array(name).min(1)).min(1).max(20).optional(),
    missingValues: missingValues.optional(),
    fieldsMatch: z
      .enum(['exact', 'equal', 'subset', 'superset', 'partial'])
      .optional()
      .describe(
        'How columns meet fields; without it, by name, as `equal` if unknownColumns is reject, else as `subset`',
      ),
    aliases: z
      .record(name, z.array(name).max(limits.aliasesPerField))
      .optional()
      .describe('Field name to other spellings of its column; case, outer space and diacritics do not count'),
    unknownColumns: z
      .enum(['keep', 'ignore', 'reject'])
      .optional()
      .describe(
        'What to do with columns that are no field; default ignore, or reject where fieldsMatch forbids them',
      ),
  })
  .meta({ id: 'TableSchema', description: 'Frictionless Table Schema v2, with aliases and unknownColumns' });

export type FieldType = (typeof fieldTypes)[number];
export type TableSchema = z.infer<typeof tableSchema>;
export type FieldDescriptor = z.infer<typeof fieldSchema>;
export type FieldsMatch = NonNullable<TableSchema['fieldsMatch']>;
export type UnknownColumns = NonNullable<TableSchema['unknownColumns']>;
