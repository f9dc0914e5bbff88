import type { CompiledSchema } from './compile.ts';
import type { Json } from './json.ts';
import type { FieldDescriptor, TableSchema } from './schema.ts';
import { monthNames } from './types/moment.ts';

/**
 * Writes a canonical value as its field reads it: with the field's own pattern, decimal point, truth values
 * and "no value". Of the texts it may be, the first that reads back as the value; the plain one if none does.
 */
export function writeCell(
  schema: CompiledSchema,
  descriptor: TableSchema,
  name: string,
  value: Json,
): string {
  const plain = plainText(value);
  const index = schema.byName.get(name) ?? -1;
  const field = schema.fields[index];
  const own = descriptor.fields[index];
  if (field === undefined || own === undefined) return plain;
  const wanted = JSON.stringify(value);
  const texts = [plain, ...(value === null ? missingTexts(own, descriptor) : textsOf(own, value))];
  return texts.find((text) => JSON.stringify(field.readText(text)) === wanted) ?? plain;
}

function plainText(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function missingTexts(own: FieldDescriptor, descriptor: TableSchema): string[] {
  const values = own.missingValues ?? descriptor.missingValues ?? [];
  return values.map((entry) => (typeof entry === 'string' ? entry : entry.value));
}

function textsOf(own: FieldDescriptor, value: Json): string[] {
  if (typeof value === 'number') return [String(value).replace('.', own.decimalChar ?? '.')];
  if (typeof value === 'boolean') return (value ? own.trueValues : own.falseValues) ?? [];
  if (Array.isArray(value)) return [value.map(plainText).join(own.delimiter ?? ',')];
  if (typeof value === 'string' && own.format?.includes('%')) return [writeMoment(own.format, value)];
  return [];
}

const composed: Record<string, string> = { D: '%m/%d/%y', F: '%Y-%m-%d', R: '%H:%M', T: '%H:%M:%S' };

/** An ISO date, time or both in a pattern of strptime. */
function writeMoment(pattern: string, iso: string): string {
  const [, year = '', month = '', day = ''] = /(\d{4})-(\d\d)(?:-(\d\d))?/.exec(iso) ?? [];
  const [, hour = '', minute = '', second = '', , fraction = ''] =
    /(\d\d):(\d\d)(?::(\d\d)(\.(\d+))?)?/.exec(iso) ?? [];
  const offset = /(?:Z|[+-]\d\d:?\d\d)$/.exec(iso.slice(10))?.[0] ?? '';
  const monthName = monthNames[Number(month) - 1] ?? '';
  const dayOfYear = Math.round((Date.UTC(+year, +month - 1, +day) - Date.UTC(+year, 0, 0)) / 86_400_000);
  const weekday = new Date(`${year}-${month}-${day}T00:00Z`);
  const nameOf = (style: 'long' | 'short') =>
    Number.isNaN(weekday.getTime())
      ? ''
      : weekday.toLocaleDateString('en-US', { weekday: style, timeZone: 'UTC' });
  const hour12 = String(Number(hour) % 12 || 12).padStart(2, '0');
  const parts: Record<string, string> = {
    Y: year,
    y: year.slice(2),
    m: month,
    d: day,
    e: day,
    j: String(dayOfYear),
    b: monthName.slice(0, 3),
    h: monthName.slice(0, 3),
    B: monthName,
    H: hour,
    I: hour12,
    p: Number(hour) < 12 ? 'AM' : 'PM',
    M: minute,
    S: second,
    f: fraction || '0',
    z: offset,
    Z: 'UTC',
    a: nameOf('short'),
    A: nameOf('long'),
    n: ' ',
    t: ' ',
    '%': '%',
  };
  const whole = pattern.replace(/%([DFRT])/g, (_, name: string) => composed[name] ?? '');
  return whole.replace(/%(.)/g, (all, name: string) => parts[name] ?? all);
}
