import { cleanHeader } from '../../src/platform/csv/header.ts';
import type { FieldDescriptor } from '../../src/platform/tableschema/index.ts';
import type { KeyFinding } from './keys.ts';
import type { TableFindings, Tally } from './rows.ts';
import type { FileSource } from './source.ts';

/** What the file says must not move the terminal's cursor. */
function shown(text: string, length = 60): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
  return plain.length > length ? `${plain.slice(0, length - 1)}…` : plain;
}

const number = (value: number) => value.toLocaleString('en-US');

export function line(name: string, value: string, evidence = ''): void {
  console.log(`${name.padEnd(12)}${evidence === '' ? value : `${value.padEnd(14)}${evidence}`}`);
}

const characterNames: Record<string, string> = {
  ',': ', (comma)',
  ';': '; (semicolon)',
  '\t': 'tab',
  '|': '| (bar)',
};
const formatNames = { csv: 'CSV', json: 'JSON array', jsonl: 'JSON Lines' };

export function printFile(path: string, source: FileSource, findings: TableFindings): void {
  const unpacked = source.isGzip ? `, ${number(source.sizeBytes)} bytes unpacked from gzip` : '';
  line('file', `${shown(path, 200)}: ${number(source.storedBytes)} bytes${unpacked}`);
  line('format', formatNames[findings.kind]);
  line('encoding', findings.encoding.value, findings.encoding.evidence);
  const notices: { code: string; message: string }[] = [...findings.notices];
  if (findings.kind === 'csv') {
    const { delimiter, quote, lineEnd, header } = findings;
    line('delimiter', characterNames[delimiter.value] ?? delimiter.value, delimiter.evidence);
    line('quote', quote.value ?? 'none', quote.evidence);
    line('line ends', lineEnd.value, lineEnd.evidence);
    line('header', header.value ? 'yes' : 'no', header.evidence);
    notices.push(...cleanHeader(findings.firstRecord).findings.slice(0, 20));
  }
  for (const { code, message } of notices) line('notice', `${code}: ${message}`);
}

export function printColumns(fields: readonly FieldDescriptor[]): void {
  console.log('\ncolumns');
  const widest = Math.min(40, Math.max(...fields.map(({ name }) => name.length)));
  for (const [i, { name, type, format, missingValues }] of fields.entries()) {
    const missing = missingValues === undefined ? '' : `  missing: ${JSON.stringify(missingValues)}`;
    const kind = `${type ?? 'any'}${format === undefined ? '' : ` (${format})`}`;
    console.log(`${String(i + 1).padStart(5)}  ${shown(name, 40).padEnd(widest)}  ${kind}${missing}`);
  }
}

export function printTally(tally: Tally): void {
  console.log('');
  const good = tally.read - tally.rejected;
  line('rows', `${number(tally.read)} read, ${number(good)} good, ${number(tally.rejected)} rejected`);
  const counts = [...tally.counts].sort((a, b) => b[1] - a[1]);
  for (const [name, count] of counts.slice(0, 20)) line('', `${number(count)} ${shown(name, 120)}`);
  if (tally.first.length > 0) console.log('\nfirst errors');
  for (const { line: at, column, code, message } of tally.first) {
    console.log(`  line ${at}${column ? `, ${shown(column)}` : ''}: ${code}: ${message}`);
  }
  if (tally.first.length > 0) console.log('');
}

/** One sentence on whether the fields name a row. */
export function keySentence(key: KeyFinding, goodRows: number): string {
  const names = key.names.map((name) => shown(name)).join(', ');
  if (key.repeats > 0) {
    const others = key.repeats > 1 ? `${number(key.repeats)} rows repeat` : 'a row repeats';
    return `${names}: ${others} an earlier key with other values, first on line ${key.firstRepeatLine}`;
  }
  if (key.compared + key.empty < goodRows) {
    return `${names}: unique in the first ${number(key.compared)} rows; more were not remembered`;
  }
  const empty = key.empty > 0 ? `, and empty in ${number(key.empty)}` : '';
  return `${names}: unique in all ${number(key.compared)} rows${empty}`;
}
