import {
  base,
  de,
  en,
  en_GB,
  es,
  Faker,
  fr,
  generateMersenne53Randomizer,
  ja,
  type LocaleDefinition,
  pl,
  pt_BR,
  sv,
} from '@faker-js/faker';
import type { TableSchema } from './schema.ts';

/**
 * The feed of an alumni office. Faker makes pools of names and places once, in eight languages; people are
 * drawn from them, which is fifty times as fast as asking it for each. The same seed gives the same bytes.
 */
export interface FeedOptions {
  rows: number;
  seed: number;
  /** So many rows that no schema would take, spread evenly; none unless told. */
  brokenRows?: number;
}

export const feedSchema: TableSchema = {
  fields: [
    { name: 'constituent_id', type: 'string', constraints: { required: true, pattern: 'C[0-9]{7}' } },
    { name: 'first_name', type: 'string' },
    { name: 'last_name', type: 'string', constraints: { required: true } },
    { name: 'email', type: 'string', format: 'email' },
    { name: 'class_year', type: 'integer', constraints: { minimum: 1940, maximum: 2030 } },
    { name: 'degree', type: 'string' },
    { name: 'city', type: 'string' },
    { name: 'country', type: 'string' },
    { name: 'gift_total', type: 'number', constraints: { minimum: 0 } },
    { name: 'deceased', type: 'boolean', trueValues: ['Y'], falseValues: ['N'] },
    { name: 'updated_on', type: 'date' },
  ],
  primaryKey: 'constituent_id',
};

interface Country {
  name: string;
  firstNames: string[];
  lastNames: string[];
  cities: string[];
}

const countries: { name: string; locale: LocaleDefinition; share: number }[] = [
  { name: 'United States', locale: en, share: 52 },
  { name: 'United Kingdom', locale: en_GB, share: 14 },
  { name: 'France', locale: fr, share: 8 },
  { name: 'Germany', locale: de, share: 8 },
  { name: 'Spain', locale: es, share: 6 },
  { name: 'Brazil', locale: pt_BR, share: 5 },
  { name: 'Poland', locale: pl, share: 3 },
  { name: 'Sweden', locale: sv, share: 3 },
  { name: 'Japan', locale: ja, share: 1 },
];

const degrees = [
  'BA, English and Drama',
  'BA, History',
  'BA, Modern Languages',
  'BSc, Computer Science',
  'BSc, Mathematics',
  'BEng, Civil Engineering',
  'LLB',
  'MA, Education',
  'MBA',
  'MSc, Applied Physics',
  'PhD, Chemistry',
  'MD',
];

const mailHosts = ['mail.example', 'alumni.example', 'example.com', 'example.org'];
const rowsPerChunk = 1_000;
const lineEnd = '\r\n';

/** The file in parts of a thousand rows, the header with the first. */
export function* feedChunks(options: FeedOptions): Generator<string> {
  const { rows, seed, brokenRows = 0 } = options;
  const draw = new Draw(seed);
  const pool = makePool(seed);
  let chunk = feedSchema.fields.map((field) => field.name).join(',') + lineEnd;
  for (let row = 1; row <= rows; row++) {
    const cells = person(row, pool, draw);
    const broken = Math.floor((row * brokenRows) / rows);
    const isBroken = broken > Math.floor(((row - 1) * brokenRows) / rows);
    chunk += (isBroken ? breakRow(cells, broken) : cells).map(quoted).join(',') + lineEnd;
    if (row % rowsPerChunk === 0 || row === rows) {
      yield chunk;
      chunk = '';
    }
  }
}

/** A hundred entries: each country as often as its share. */
function makePool(seed: number): Country[] {
  return countries.flatMap(({ name, locale, share }) => {
    const faker = new Faker({ locale: [locale, en, base], seed });
    const country = {
      name,
      firstNames: Array.from({ length: 300 }, () => faker.person.firstName()),
      lastNames: Array.from({ length: 500 }, () => faker.person.lastName()),
      cities: Array.from({ length: 120 }, () => faker.location.city()),
    };
    return Array.from({ length: share }, () => country);
  });
}

function person(row: number, pool: Country[], draw: Draw): string[] {
  const country = draw.from(pool);
  const givenName = draw.from(country.firstNames);
  const familyName = draw.from(country.lastNames);
  const classYear = 2025 - Math.floor(65 * draw.number() * draw.number());
  const isDeceased = draw.chance(classYear < 1985 ? 0.25 : 0.01);
  const hasEmail = !isDeceased && draw.chance(0.93);
  return [
    `C${String(row).padStart(7, '0')}`,
    draw.chance(0.03) ? `${givenName} "${draw.from(country.firstNames)}"` : givenName,
    draw.chance(0.02) ? `${familyName}, ${draw.from(['Jr.', 'III', 'PhD'])}` : familyName,
    hasEmail ? `${mailName(givenName, familyName)}${row}@${draw.from(mailHosts)}` : '',
    String(classYear),
    draw.from(degrees),
    draw.from(country.cities),
    country.name,
    giftTotal(draw),
    isDeceased ? 'Y' : 'N',
    dayOf(draw),
  ];
}

/** Many give nothing, most a little, a few very much. */
function giftTotal(draw: Draw): string {
  return draw.chance(0.35) ? '0.00' : Math.exp(2 + 9 * draw.number() ** 2).toFixed(2);
}

const firstDayMs = Date.UTC(2018, 0, 1);

function dayOf(draw: Draw): string {
  return new Date(firstDayMs + Math.floor(draw.number() * 3_000) * 86_400_000).toISOString().slice(0, 10);
}

function mailName(givenName: string, familyName: string): string {
  const letters = `${givenName}.${familyName}`.normalize('NFD').toLowerCase();
  return letters.replace(/[^a-z.]/g, '').replace(/^\.|\.$/g, '');
}

const faults: ((cells: string[]) => string[])[] = [
  (cells) => cells.with(4, 'unknown'),
  (cells) => cells.with(8, 'a lot'),
  (cells) => cells.with(10, '31/02/2024'),
  (cells) => cells.with(2, ''),
  (cells) => cells.slice(0, 7),
];

function breakRow(cells: string[], which: number): string[] {
  return faults[which % faults.length]?.(cells) ?? cells;
}

/** As RFC 4180 has it. */
function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

class Draw {
  readonly #randomizer;

  constructor(seed: number) {
    this.#randomizer = generateMersenne53Randomizer(seed);
  }

  /** In [0, 1). */
  number(): number {
    return this.#randomizer.next();
  }

  chance(probability: number): boolean {
    return this.number() < probability;
  }

  from<T>(list: readonly T[]): T {
    return list[Math.floor(this.number() * list.length)] as T;
  }
}
