import { reservedNames } from './compile.ts';
import { compileField } from './field.ts';
import { type FieldDescriptor, limits, type TableSchema } from './schema.ts';

/** Cells that often mean "no value"; taken so only where the rest of the column then has a type. */
const missingTokens = ['NA', 'N/A', 'n/a', 'NULL', 'null', 'None', '-', '?', '#N/A'];

type Candidate = Pick<FieldDescriptor, 'type' | 'format'>;

/** The types that a column may turn out to be, the narrower first. Slashed dates that read both ways are neither. */
const candidates: readonly Candidate[] = [
  { type: 'integer' },
  { type: 'number' },
  { type: 'boolean' },
  { type: 'date' },
  ...['%Y/%m/%d', '%d.%m.%Y', '%d-%b-%Y', '%d %b %Y', '%d %B %Y', '%B %d, %Y'].map(dateOf),
  ...['%d/%m/%Y', '%m/%d/%Y', '%d-%m-%Y', '%m-%d-%Y'].map(dateOf),
  { type: 'datetime' },
  ...['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%d %H:%M', '%Y-%m-%dT%H:%M:%S%z'].map(datetimeOf),
  ...['%d/%m/%Y %H:%M:%S', '%m/%d/%Y %H:%M:%S', '%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M'].map(datetimeOf),
  { type: 'time' },
  { type: 'yearmonth' },
  { type: 'object' },
  { type: 'array' },
  { type: 'string', format: 'uuid' },
  { type: 'string', format: 'email' },
];

function dateOf(format: string): Candidate {
  return { type: 'date', format };
}

function datetimeOf(format: string): Candidate {
  return { type: 'datetime', format };
}

/** Columns and rows that are looked at for a key: their combinations are what costs. */
const maxKeyColumns = 8;
const maxKeyRows = 5_000;
const maxKeys = 16;
/** Longer texts name nothing. */
const maxKeyTextLength = 64;

interface SampledColumn {
  field: FieldDescriptor;
  cells: string[];
}

/**
 * A starting schema for a file, from its header and some of its rows: a type for every named column, and
 * as key the smallest set of at most three columns that tells these rows apart, if there is one, with the
 * codes that never change. Columns that are blank, repeated or those of an error report get no field.
 */
export function inferSchema(header: readonly string[], rows: readonly (readonly string[])[]): TableSchema {
  const columns = sampleColumns(header, rows);
  const [names] = inferKeys(columns);
  const fields = columns.map(({ field }) => field);
  if (names === undefined) return { fields };
  return { fields, primaryKey: names.length === 1 ? (names[0] as string) : names };
}

/** As `inferSchema`, but with every key that tells the rows apart, the likeliest first, at most 16. */
export function inferCandidates(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): { fields: FieldDescriptor[]; keys: string[][] } {
  const columns = sampleColumns(header, rows);
  return { fields: columns.map(({ field }) => field), keys: inferKeys(columns) };
}

function sampleColumns(header: readonly string[], rows: readonly (readonly string[])[]): SampledColumn[] {
  const columns: SampledColumn[] = [];
  const seen = new Set<string>(reservedNames);
  for (const [index, written] of header.entries()) {
    const name = written.trim();
    if (name === '' || name.length > limits.nameLength || seen.has(name)) continue;
    if (columns.length === limits.fields) break;
    seen.add(name);
    const cells = rows.map((row) => row[index] ?? '');
    columns.push({ field: inferField(name, cells), cells });
  }
  return columns;
}

function inferField(name: string, cells: readonly string[]): FieldDescriptor {
  const present = [...new Set(cells.filter((cell) => cell.trim() !== ''))];
  if (present.length === 0) return { name, type: 'string' };
  const whole = inferType(name, present);
  if (whole !== undefined) return { name, ...whole };
  const tokens = missingTokens.filter((token) => present.includes(token));
  const rest = present.filter((cell) => !tokens.includes(cell));
  const typed = tokens.length === 0 || rest.length === 0 ? undefined : inferType(name, rest);
  return typed === undefined ? { name, type: 'string' } : { name, ...typed, missingValues: ['', ...tokens] };
}

function inferType(name: string, cells: readonly string[]): Candidate | undefined {
  // 007 and 8400123456789012345 are names made of digits, and a type would cost them some.
  if (cells.some((cell) => /^[+-]?0\d+$/.test(cell) || /^\+?\d{16,}$/.test(cell))) return undefined;
  const reads = (candidate: Candidate) => {
    const field = compileField({ name, ...candidate }, [''], false, []);
    return cells.every((cell) => field.readText(cell) !== undefined);
  };
  const first = candidates.find(reads);
  if (first?.format === undefined) return first;
  const swapped = first.format.replace(/%[dm]/g, (part) => (part === '%d' ? '%m' : '%d'));
  const isTwoWay = swapped !== first.format && /^%[dm][/-]%[dm][/-]/.test(first.format);
  return isTwoWay && reads({ ...first, format: swapped }) ? undefined : first;
}

function inferKeys(columns: readonly SampledColumn[]): string[][] {
  const rowCount = Math.min(maxKeyRows, columns[0]?.cells.length ?? 0);
  if (rowCount < 2) return [];
  const isUsable = ({ field: { type }, cells }: SampledColumn) =>
    (type === 'string' || type === 'integer' || type === 'date' || type === 'datetime') &&
    cells.every((cell) => cell.trim() !== '' && cell.length <= maxKeyTextLength);
  const usable = columns.filter(isUsable).sort((a, b) => looks(b) - looks(a));
  const tellsApart = (set: SampledColumn[]) => {
    const texts = new Set<string>();
    for (let row = 0; row < rowCount; row++) texts.add(JSON.stringify(set.map(({ cells }) => cells[row])));
    return texts.size === rowCount;
  };
  // A code that is the same all through a sample may tell later rows apart, and makes no row ambiguous.
  const constant = usable.filter((column) => looks(column) >= 2 && new Set(column.cells).size === 1);
  const keys = new Map<string, string[]>();
  for (const set of combinations(usable.slice(0, maxKeyColumns))) {
    if (keys.size === maxKeys) break;
    if (!tellsApart(set)) continue;
    const chosen = new Set(set.length === 1 ? set : [...set, ...constant]);
    const names = columns.filter((column) => chosen.has(column)).map(({ field }) => field.name);
    keys.set(JSON.stringify(names), names);
  }
  return [...keys.values()];
}

/** How much a column's name sounds like a key; columns that sound alike keep their order. */
function looks({ field: { name, format } }: SampledColumn): number {
  if (/^(id|key|uuid|guid)$/i.test(name)) return 3;
  if (/(^|[^a-z])(id|key|code|number|no|nr)([^a-z]|$)/i.test(name) || /[a-z](Id|Key|Code)$/.test(name))
    return 2;
  return format === 'uuid' || format === 'email' ? 1 : 0;
}

/** Every one, two and three of the columns, the smaller sets first. */
function combinations(columns: readonly SampledColumn[]): SampledColumn[][] {
  const extend = (sets: readonly SampledColumn[][]) =>
    sets.flatMap((set) => {
      const after = Math.max(-1, ...set.map((column) => columns.indexOf(column)));
      return columns.slice(after + 1).map((column) => [...set, column]);
    });
  const singles = extend([[]]);
  const pairs = extend(singles);
  return [...singles, ...pairs, ...extend(pairs)];
}
