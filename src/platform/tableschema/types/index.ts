import type { FieldDescriptor, FieldType } from '../schema.ts';
import { arrayReader, listReader, objectReader } from './collections.ts';
import { integerReader, numberReader } from './number.ts';
import type { FieldProblem, ReaderMaker, TypeReader } from './reader.ts';
import { anyReader, booleanReader, stringReader } from './scalar.ts';
import { temporalReader, yearmonthReader, yearReader } from './temporal.ts';

const makers = {
  string: stringReader,
  integer: integerReader,
  number: numberReader,
  boolean: booleanReader,
  date: (field, problems) => temporalReader('date', field, problems),
  time: (field, problems) => temporalReader('time', field, problems),
  datetime: (field, problems) => temporalReader('datetime', field, problems),
  year: yearReader,
  yearmonth: yearmonthReader,
  array: arrayReader,
  object: objectReader,
  list: (field, problems) => {
    // Items have the default form of their type, whatever else the field says.
    const item = { name: field.name, type: field.itemType ?? 'string' };
    return listReader(field, makers[item.type](item, problems));
  },
  any: anyReader,
  duration: unsupported,
  geopoint: unsupported,
  geojson: unsupported,
} satisfies Record<FieldType, ReaderMaker> as Record<FieldType, ReaderMaker>;

function unsupported(field: FieldDescriptor, problems: FieldProblem[]): TypeReader {
  const message = `the type ${field.type} is not read here: let the field be a string or an object`;
  problems.push({ property: 'type', code: 'type_unsupported', message });
  return anyReader();
}

/** Which members of a descriptor belong to which types; elsewhere they would say something to nobody. */
const propertyTypes: Record<string, readonly FieldType[]> = {
  decimalChar: ['number'],
  groupChar: ['number', 'integer'],
  bareNumber: ['number', 'integer'],
  trueValues: ['boolean'],
  falseValues: ['boolean'],
  itemType: ['list'],
  delimiter: ['list'],
  categories: ['string', 'integer'],
  categoriesOrdered: ['string', 'integer'],
};

const typesWithFormats: readonly FieldType[] = ['string', 'date', 'time', 'datetime'];

/** The reader of a field's type; what is wrong with the descriptor goes to `problems`. */
export function makeReader(field: FieldDescriptor, problems: FieldProblem[]): TypeReader {
  const type = field.type ?? 'any';
  for (const [property, types] of Object.entries(propertyTypes)) {
    if (field[property] !== undefined && !types.includes(type)) {
      const message = `${property} belongs to ${types.join(' and ')}, not to ${type}`;
      problems.push({ property, code: 'property_not_applicable', message });
    }
  }
  if (!typesWithFormats.includes(type) && (field.format ?? 'default') !== 'default') {
    problems.push({ property: 'format', code: 'format_unknown', message: `${type} has no formats` });
  }
  return makers[type](field, problems);
}
