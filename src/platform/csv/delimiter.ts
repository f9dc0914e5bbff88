import { type CsvEncoding, classTable, defaultLimits } from './dialect.ts';
import type { Decision } from './encoding.ts';
import { readRecord } from './record.ts';
import { TextWindow } from './text-window.ts';

/** What the first records of a file say about its dialect. */
export interface Sample {
  /** Cells of the first records, blank lines aside. */
  records: string[][];
  delimiter: Decision<string>;
  quote: Decision<string | null>;
  /** Characters, from the start of the sample, of an Excel `sep=` line with its line end. */
  sepLineChars: number;
}

const candidates: [delimiter: string, name: string][] = [
  [',', 'comma'],
  [';', 'semicolon'],
  ['\t', 'tab'],
  ['|', 'vertical bar'],
];

const sampleRecords = 200;

interface Score {
  delimiter: string;
  name: string;
  width: number;
  /** Share of the records that have the most frequent width, faulty ones counting half. */
  share: number;
  records: string[][];
}

/** Decides delimiter and quote. `isWhole` says that the bytes are the whole file. */
export function detectDelimiter(bytes: Uint8Array, encoding: CsvEncoding, isWhole: boolean): Sample {
  const window = new TextWindow(encoding, 0);
  window.append(bytes, 0);
  window.decode(isWhole);
  const sep = /^\ufeff?sep=([,;\t|])(?:\r\n|\n|\r|$)/i.exec(window.text);
  const sepLineChars = sep?.[0].length ?? 0;
  const start = sepLineChars || (window.text.startsWith('\ufeff') ? 1 : 0);
  const quote = detectQuote(window.text.slice(start));
  const score = ([delimiter, name]: (typeof candidates)[number]) =>
    scoreDelimiter(window, encoding, delimiter, name, quote.value ?? '"', start, isWhole);
  if (sep !== null) {
    const told = candidates.find(([delimiter]) => delimiter === sep[1]);
    const { delimiter, name, records } = score(told ?? [',', 'comma']);
    const evidence = `The first line, "sep=", says that it is the ${name}.`;
    return { records, delimiter: { value: delimiter, confidence: 1, evidence }, quote, sepLineChars };
  }
  const [best, second] = candidates.map(score).sort((a, b) => rank(b) - rank(a) || b.width - a.width);
  if (best === undefined || best.width < 2) {
    const records = score([',', 'comma']).records;
    const evidence = 'No comma, semicolon, tab or vertical bar divides the first records: one column.';
    return { records, delimiter: { value: ',', confidence: 0.5, evidence }, quote, sepLineChars };
  }
  const rival = second === undefined || second.width < 2 ? 0 : second.share;
  const alike = Math.round(best.share * 100);
  return {
    records: best.records,
    delimiter: {
      value: best.delimiter,
      confidence: Math.max(0, Math.round((best.share - rival * 0.4) * 100) / 100),
      evidence: `With the ${best.name}, ${alike} % of the first ${best.records.length} records have ${best.width} cells${
        rival > 0 ? `; the next best, the ${second?.name}, reaches ${Math.round(rival * 100)} %` : ''
      }.`,
    },
    quote,
    sepLineChars,
  };
}

function rank({ width, share }: Score): number {
  return width < 2 ? 0 : share + Math.min(width, 20) / 100;
}

function scoreDelimiter(
  window: TextWindow,
  encoding: CsvEncoding,
  delimiter: string,
  name: string,
  quote: string,
  start: number,
  isWhole: boolean,
): Score {
  const rules = { table: classTable({ encoding, delimiter, quote }), quote, limits: defaultLimits };
  const records: string[][] = [];
  const byWidth = new Map<number, number>();
  for (let at = start; at < window.length && records.length < sampleRecords; ) {
    const reading = readRecord(window, rules, isWhole, at);
    if (reading.status === 'more') break;
    const literal = reading.status === 'unclosed' ? readRecord(window, rules, isWhole, at, at) : reading;
    if (literal.status === 'more') break;
    const kind = window.shape[at];
    at = literal.end;
    if (kind === 0x0a || kind === 0x0d) continue;
    records.push(literal.cells);
    const weight = literal.spots.length > 0 || reading !== literal ? 0.5 : 1;
    byWidth.set(literal.cellCount, (byWidth.get(literal.cellCount) ?? 0) + weight);
  }
  let width = 1;
  let weight = 0;
  for (const [cells, count] of byWidth) if (count > weight) [width, weight] = [cells, count];
  return { delimiter, name, width, share: records.length === 0 ? 0 : weight / records.length, records };
}

function detectQuote(text: string): Decision<string | null> {
  const count = (quote: string) =>
    text.match(
      new RegExp(
        `(?:^|[,;\\t|\\r\\n])${quote}(?:[^${quote}\\r\\n]|${quote}${quote})*${quote}(?=[,;\\t|\\r\\n]|$)`,
        'g',
      ),
    )?.length ?? 0;
  const double = count('"');
  const single = count("'");
  if (double === 0 && single >= 3) {
    return {
      value: "'",
      confidence: 0.8,
      evidence: `${single} cells stand in single quotes, none in double quotes.`,
    };
  }
  return double > 0
    ? { value: '"', confidence: 1, evidence: `${double} cells seen stand in double quotes.` }
    : {
        value: '"',
        confidence: 0.7,
        evidence: 'No quoted cell was seen; the double quote is the standard (RFC 4180).',
      };
}
