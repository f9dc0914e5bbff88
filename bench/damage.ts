/**
 * What the CSV reader makes of damage: files of about 50 MB with a fault in 1 % of the rows, seeded, and one
 * without faults and with legal cells of several lines. `node bench/damage.ts [MB] [seed]`
 */
import type { CsvFault } from '../src/platform/csv/faults.ts';
import { CsvReader } from '../src/platform/csv/reader.ts';
import {
  type DamageKind,
  damageKinds,
  type FileShape,
  judge,
  makeFile,
} from '../test/platform/csv/damage.ts';

const chunkBytes = 65_536;
const sizeBytes = Number(process.argv[2] ?? 50) * 1e6;
const seed = Number(process.argv[3] ?? 2_026);

const groups: [name: string, kinds: readonly DamageKind[]][] = [
  ['short rows', ['short row']],
  ['long rows', ['long row']],
  ['stray quotes', ['stray quote', 'lost opening quote', 'extra closing quote', 'text after a quote']],
  ['unclosed quotes', ['lost closing quote', 'quote at the start of a cell']],
  ['bad bytes', ['bad byte', 'NUL']],
  ['all of these', damageKinds],
];

function shapeOf(kinds: readonly DamageKind[], damagedPerMille: number): FileShape {
  const shape = { seed, kinds, damagedPerMille, quoting: 'some' as const, multiLinePerMille: 50 };
  const rows = 2_000;
  const bytesPerRow = makeFile({ ...shape, rows }).bytes.length / rows;
  return { ...shape, rows: Math.ceil(sizeBytes / bytesPerRow) };
}

function run(name: string, kinds: readonly DamageKind[], damagedPerMille: number): void {
  const file = makeFile(shapeOf(kinds, damagedPerMille));
  const rows: { cells: string[]; line: number; offset: number }[] = [];
  const faults: CsvFault[] = [];
  const reader = new CsvReader({
    dialect: { encoding: 'utf-8', delimiter: ',', quote: '"' },
    width: file.width,
    onRow: (cells, line, offset) => rows.push({ cells, line, offset }),
    onFault: (fault) => faults.push(fault),
  });
  for (let at = 0; at < file.bytes.length; at += chunkBytes)
    reader.push(file.bytes.subarray(at, at + chunkBytes));
  reader.end();
  const { damaged, unreported, lost, falseAlarms, fragments } = judge(file, { rows, faults });
  const sound = file.records.length - damaged;
  const share = (part: number, of: number) => (of === 0 ? '–' : `${((100 * part) / of).toFixed(2)} %`);
  const cells = [
    name,
    (file.bytes.length / 1e6).toFixed(1),
    file.records.length,
    damaged,
    share(damaged - unreported.length, damaged),
    share(sound - lost.length, sound),
    falseAlarms.length,
    fragments.length,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

console.log(`\nDamage, seed ${seed}\n`);
console.log(
  '| damage | MB | rows | damaged | reported | others intact | false alarms | parts given out as rows |',
);
console.log('|---|---:|---:|---:|---:|---:|---:|---:|');
for (const [name, kinds] of groups) run(name, kinds, 10);
run('none, 5 % legal cells of several lines', damageKinds, 0);
