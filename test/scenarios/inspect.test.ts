import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zipOf } from '../support/zip.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'crosswalk-inspect-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The command in a process of its own. */
async function inspect(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join('scripts', 'inspect.ts'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (part: string) => (output += part));
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

const schemaOf = (path: string) => JSON.parse(readFileSync(`${path}.schema.json`, 'utf8'));
const people =
  'id;name;born;gift\r\n1;Zoë;2001-02-03;1.5\r\n2;"Bob; B.";1999-12-31;2\r\n3;Cy;1980-01-01;\r\n';

describe('npm run inspect', () => {
  it('says what the hub sees, and writes a starting schema', async () => {
    const path = file('people.csv', Buffer.from(people, 'latin1'));
    const { code, output } = await inspect(path);
    expect(code, output).toBe(0);
    expect(output).toMatch(/^format +CSV$/m);
    expect(output).toMatch(
      /^encoding +windows-1252 +0 characters outside ASCII are valid UTF-8 and 1 bytes/m,
    );
    expect(output).toMatch(/^delimiter +; \(semicolon\) +With the semicolon, 100 %/m);
    expect(output).toMatch(/^quote +" +1 cells seen stand in double quotes\.$/m);
    expect(output).toMatch(/^line ends +crlf +Line ends seen: 4 CRLF, 0 LF, 0 CR/m);
    expect(output).toMatch(/^header +yes/m);
    expect(output).toMatch(/^ +3 +born +date$/m);
    expect(output).toMatch(/^rows +3 read, 3 good, 0 rejected$/m);
    expect(output).toMatch(/^key +id: unique in all 3 rows$/m);
    expect(schemaOf(path)).toEqual({
      fields: [
        { name: 'id', type: 'integer' },
        { name: 'name', type: 'string' },
        { name: 'born', type: 'date' },
        { name: 'gift', type: 'number' },
      ],
      primaryKey: 'id',
    });
  });

  it('never writes over a schema unless it is told to', async () => {
    const path = file('kept.csv', people);
    writeFileSync(`${path}.schema.json`, 'mine');
    const refused = await inspect(path);
    expect(refused.code).toBe(2);
    expect(refused.output).toContain('is there already');
    expect(readFileSync(`${path}.schema.json`, 'utf8')).toBe('mine');
    const elsewhere = join(folder, 'elsewhere.json');
    expect((await inspect(path, '--out', elsewhere)).code).toBe(0);
    expect(existsSync(elsewhere)).toBe(true);
    expect((await inspect(path, '--force')).code).toBe(0);
    expect(schemaOf(path).primaryKey).toBe('id');
  });

  it('inflates gzip, and reads JSON Lines and a JSON array', async () => {
    const rows = [
      { id: 'a1', age: 5, tags: ['x'] },
      { id: 'a2', age: null, tags: [] },
    ];
    for (const [name, content] of [
      ['people.csv.gz', gzipSync('id,age,tags\na1,5,"[""x""]"\na2,,[]\n')],
      ['people.jsonl', rows.map((row) => JSON.stringify(row)).join('\n')],
      ['people.json', JSON.stringify(rows, null, 1)],
    ] as const) {
      const path = file(name, content);
      const { code, output } = await inspect(path);
      expect(code, output).toBe(0);
      expect(output).toContain('2 read, 2 good, 0 rejected');
      expect(schemaOf(path)).toEqual({
        fields: [
          { name: 'id', type: 'string' },
          { name: 'age', type: 'integer' },
          { name: 'tags', type: 'array' },
        ],
        primaryKey: 'id',
      });
    }
  });

  it('takes no key that a row in the middle of a large file repeats', async () => {
    const line = (i: number) => `${i === 30_000 ? 29_000 : i},${i % 7},${i}\n`;
    const path = file(
      'large.csv',
      `id,term,row\n${Array.from({ length: 60_000 }, (_, i) => line(i)).join('')}`,
    );
    const { code, output } = await inspect(path);
    expect(code, output).toBe(0);
    expect(output).toContain('60,000 read, 60,000 good');
    expect(schemaOf(path).primaryKey).toBe('row');
    const repeated = file('repeated.csv', 'id,name\n1,Ann\n2,Bob\n2,Bob\n');
    expect((await inspect(repeated)).output).not.toMatch(/^key +id: unique/m);
  });

  it('shows the first errors with line, column and code, and goes on', async () => {
    const rows = Array.from({ length: 4_000 }, (_, i) => `${i},Person ${i},${i}`);
    rows[1_500] = '1500,"Ann';
    rows[1_600] = '1600,Bob';
    const path = file('broken.csv', `id,name,age\n${rows.join('\n')}\n`);
    const { code, output } = await inspect(path);
    expect(code, output).toBe(0);
    expect(output).toContain('4,000 read, 3,998 good, 2 rejected');
    expect(output).toMatch(/line 1502, name: unclosed_quote: A quote opens a cell/);
    expect(output).toMatch(/line 1602: short_row: The row has 2 of 3 cells/);
  });

  it('checks a file against a schema, counts, and ends with 1 when a row is rejected', async () => {
    const schema = file(
      'people.schema.json',
      JSON.stringify({
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'name', type: 'string', constraints: { maxLength: 3 } },
        ],
        primaryKey: 'id',
      }),
    );
    const good = await inspect(file('good.csv', 'id,name\n1,Ann\n2,Bob\n'), '--schema', schema);
    expect(good.code, good.output).toBe(0);
    expect(good.output).toContain('2 read, 2 good, 0 rejected');
    const bad = await inspect(
      file('bad.csv', 'ID,Name\n1,Ann\nx,Barbara\n3,Cyril\n1,Eve\n'),
      '--schema',
      schema,
    );
    expect(bad.code, bad.output).toBe(1);
    expect(bad.output).toContain('4 read, 2 good, 2 rejected');
    expect(bad.output).toMatch(/^ +2 too_long in name$/m);
    expect(bad.output).toMatch(/^ +1 not_an_integer in id$/m);
    expect(bad.output).toMatch(/^key +id: a row repeats an earlier key with other values, first on line 5$/m);
    const other = await inspect(file('other.csv', 'name,city\nAnn,Paris\n'), '--schema', schema);
    expect(other.code).toBe(1);
    expect(other.output).toMatch(/would refuse this: column_missing\nThe header does not fit the schema/);
    expect(existsSync(join(folder, 'bad.csv.schema.json'))).toBe(false);
  });

  it('says why a schema cannot be right', async () => {
    const fields = [{ name: 'id', type: 'geopoint' }];
    const schema = file('wrong.json', JSON.stringify({ fields, primaryKey: 'no' }));
    const { code, output } = await inspect(file('some.csv', people), '--schema', schema);
    expect(code).toBe(1);
    expect(output).toContain('schema_invalid');
    expect(output).toMatch(/fields\[0\]\.type: type_unsupported/);
    expect(output).toMatch(/primaryKey: key_field_unknown/);
  });

  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'empty_file'],
    [
      'a workbook',
      zipOf({ '[Content_Types].xml': '<Types/>', 'xl/workbook.xml': '<workbook/>' }),
      'excel_file',
    ],
    ['half a gzip file', gzipSync(people.repeat(99)).subarray(0, -20), 'gzip_broken'],
    ['a gzip bomb', gzipSync(Buffer.alloc(30_000_000)), 'gzip_too_large'],
    ['gzip in gzip', gzipSync(gzipSync(people)), 'nested_gzip'],
    ['rows alone', '1,Ann\n2,Bob\n', 'header_missing'],
    ['a header that has a name twice', 'id,x,id\n1,2,3\n', 'column_duplicate'],
  ])('refuses as a whole what the hub refuses: %s', async (_, content, refusal) => {
    const path = file(`${refusal}.csv`, content);
    const { code, output } = await inspect(path);
    expect(code, output).toBe(1);
    expect(output).toContain(`The hub would refuse this: ${refusal}\n`);
    expect(existsSync(`${path}.schema.json`)).toBe(false);
  });

  it('leaves no control character of a file on the terminal', async () => {
    const path = file('odd.csv', 'id,\u001b[31mred\u202e\n1,2\n2,3\n');
    const { output } = await inspect(path);
    expect(output.includes('\u001b') || output.includes('\u202e')).toBe(false);
    expect(output).toContain('\ufffd[31mred');
  });

  it.each([
    [[], 'Name a file.'],
    [['a.csv', 'b.csv'], 'Name one file.'],
    [['no-such.csv'], 'There is no file no-such.csv.'],
    [['src'], 'There is no file src.'],
    [['README.md', '--schema', 'no-such.json'], 'There is no schema no-such.json.'],
    [['README.md', '--schema', 'README.md'], 'The schema README.md is not JSON.'],
    [['README.md', '--schema', 'package.json', '--force'], 'With --schema nothing is written'],
    [['--colour'], "Unknown option '--colour'"],
  ])('refuses %j with a sentence and the usage', async (args, sentence) => {
    const { code, output } = await inspect(...args);
    expect(code, output).toBe(2);
    expect(output).toContain(sentence);
    expect(output).toMatch(/\nUsage: npm run inspect -- .*\n$/);
  });
});
