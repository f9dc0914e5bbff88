import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feedChunks } from '../../demo/feed.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'crosswalk-demo-test-'));
});

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const running = new Set<ChildProcess>();

interface Demo {
  child: ChildProcess;
  output(): string;
  /** The exit code; null where it hung, and was ended. */
  ended: Promise<number | null>;
  /** What it left in its temporary folder; wrangler keeps the day of its last look for updates there. */
  leftovers(): string[];
}

/** Sooner than a test is given up, which would not say how far the demo came. */
const hangMs = 240_000;

/** The demo in a process of its own, with a temporary folder of its own. */
function startDemo(...args: string[]): Demo {
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  const child = spawn(process.execPath, [join('demo', 'run.ts'), ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary, FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (part: string) => (text += part));
  }
  const timer = setTimeout(() => child.kill('SIGINT'), hangMs);
  const ended = once(child, 'close').then(([code]) => {
    clearTimeout(timer);
    running.delete(child);
    return code as number | null;
  });
  const leftovers = () => readdirSync(temporary).filter((name) => name !== 'update-check');
  return { child, output: () => text, ended, leftovers };
}

function writeFile(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const presentations = 'module,term,students\nAAA,2013J,383\n"B,B",2013B,1767\nAAA,2014J,365\n';
const fields = [
  { name: 'module', type: 'string' },
  { name: 'term', type: 'string' },
  { name: 'students', type: 'integer' },
];

describe('npm run demo', () => {
  it('goes from the drop to the webhook and ends by itself', async () => {
    const demo = startDemo('--rows', '2000');
    expect(await demo.ended, demo.output()).toBe(0);
    const output = demo.output();
    expect(output).toContain(
      '✓ counts       2,000 read, 2,000 inserted, 0 updated, 0 unchanged, 0 deleted, 0 rejected',
    );
    expect(output).toContain('✓ all          2,000 records page by page: each key of the file, once');
    expect(output).toMatch(/✓ webhook {6}job\.succeeded msg_\w+, verified by standardwebhooks\n/);
    expect(/ {7}jobId {8}(job_\w+)\n/.exec(output)?.[1]).toBe(
      /✓ jobId {8}(job_\w+), as the call was answered\n/.exec(output)?.[1],
    );
    expect(output).toContain('✓ e-mail       to data@harbour.example');
    expect(output).toContain(
      '✓ counts       2,000 read, 0 inserted, 0 updated, 2,000 unchanged, 0 deleted, 0 rejected',
    );
    expect(output).toContain('one webhook and one e-mail for each job\n');
    expect(output).toMatch(/✓ held {9}Held: 400 of 2000 records would be deleted \(20\.0 %\)/);
    expect(output).toContain(
      '✓ counts       1,640 read, 40 inserted, 50 updated, 1,530 unchanged, 400 deleted, 20 rejected',
    );
    expect(output).toContain('✓ counts       20 read, 0 inserted, 20 updated');
    expect(output).toContain('✓ counts       0 read, 0 inserted, 20 updated');
    expect(output.match(/✓ dataset {6}1,640 records/g)).toHaveLength(3);
    expect(output).toMatch(/✓ test file {4}test-\S+\.csv is on the server, byte for byte/);
    expect(output).toMatch(/✓ arrived {6}250 rows, [\d,]+ bytes, each learner once/);
    expect(output).toMatch(/✓ whole {8}SHA-256 \S+ on the server, as the hub wrote it\n\nDone\. .*rows\/s/);
    expect(output).toMatch(/\n +dashboard +http:\/\/127\.0\.0\.1:\d+\/p\/harbour\/jobs\/job_\w+\n/);
    expect(output).not.toContain('\u001b');
    expect(demo.leftovers()).toEqual([]);
  });

  it('takes a file with a composite key, stays up with --keep and ends on Ctrl-C', async () => {
    const file = writeFile('presentations.csv', presentations);
    const schema = writeFile(
      'presentations.json',
      JSON.stringify({ fields, primaryKey: ['module', 'term'] }),
    );
    const demo = startDemo('--file', file, '--schema', schema, '--keep');
    await expect.poll(demo.output, { timeout: 200_000, interval: 100 }).toContain('Ctrl-C ends it.');
    const url = /\n +hub +(http:\S+)\n +docs/.exec(demo.output())?.[1];
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    demo.child.kill('SIGINT');
    expect(await demo.ended, demo.output()).toBe(0);
    expect(demo.output()).toContain('✓ counts       3 read, 3 inserted');
    expect(demo.output()).toContain('✓ record       B,B · 2013B · 1767');
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    expect(demo.leftovers()).toEqual([]);
  });

  it('tells the three stories of external sources, each with its integration', async () => {
    const demo = startDemo('flows');
    expect(await demo.ended, demo.output()).toBe(0);
    const output = demo.output();
    // The predefined routine, and what the manager sees when it fails.
    expect(output).toContain('HIS101:2026-2|A: 24 added, 0 changed, 0 removed');
    expect(output).toContain('HIS101:2026-2|A: 2 added, 1 changed, 1 removed');
    expect(output).toMatch(
      /✓ the flow {5}"Sync Requested", then "Failed"\n {5}✓ attention .* HIS-101 failed\./,
    );
    // The empty flow, by its code and by its id.
    expect(output).toContain('setup: found by its code MAT-210: "Analysis II", 40 participants');
    expect(output).toMatch(/setup: found by its id \d+: "Linear algebra, re-exam", 7 participants/);
    // Two classes on one flow, together and singly.
    expect(output).toContain('BIO100-A 12, BIO100-B 15, kept apart; S500 is in both');
    expect(output).toContain('A as before: 12; B with the student: 16');
    expect(output).toContain('BIO100-A 11, BIO100-B 16, kept apart; S500 is in both');
    expect(output.match(/"Sync Requested", then "Complete"/g)).toHaveLength(8);
    expect(output).toContain('Done. 9 requests, 9 webhooks, each heard once');
    expect(output).toMatch(/\n +dashboard +http:\/\/127\.0\.0\.1:\d+\/p\/\S+\/flows\n/);
    expect(demo.leftovers()).toEqual([]);
  });

  it("shows the hub's problem detail and ends with 1", async () => {
    const file = writeFile('presentations.csv', presentations);
    const shapes = fields.map((field) => ({ ...field, type: 'geopoint' }));
    const schema = writeFile('shapes.json', JSON.stringify({ fields: shapes, primaryKey: 'term' }));
    const demo = startDemo('--file', file, '--schema', schema);
    expect(await demo.ended, demo.output()).toBe(1);
    expect(demo.output()).toMatch(
      /tasks\/presentations was answered with 400 .*\(code schema_invalid, request req_\w+\)/,
    );
    expect(demo.leftovers()).toEqual([]);
  });

  it.each([
    [['--rows', '0'], '--rows is a whole number from 1 to 1,000,000, not "0".'],
    [['--rows', 'many'], '--rows is a whole number'],
    [['--file', 'package.json'], 'give its --schema'],
    [['--schema', 'package.json'], 'give it with --file'],
    [['--rows', '5', '--file', 'package.json', '--schema', 'package.json'], 'give one of them'],
    [['--file', 'no-such.csv', '--schema', 'package.json'], 'There is no file no-such.csv.'],
    [['--file', 'README.md', '--schema', 'README.md'], 'The schema README.md is not JSON.'],
    [['--file', 'README.md', '--schema', 'package.json'], 'package.json is no Table Schema'],
    [['--colour'], "Unknown option '--colour'"],
    [['nights'], 'There is no story "nights"'],
    [['flows', '--rows', '5'], '--rows is about a file'],
  ])('refuses %j with a sentence and the usage', async (args, sentence) => {
    const demo = startDemo(...args);
    expect(await demo.ended).toBe(2);
    expect(demo.output()).toContain(sentence);
    expect(demo.output()).toMatch(/\nUsage: npm run demo -- .*\n$/);
  });
});

describe('the feed', () => {
  const text = (rows: number, seed: number, brokenRows = 0) =>
    [...feedChunks({ rows, seed, brokenRows })].join('');
  const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

  it('has the same bytes for the same seed', () => {
    expect(sha256(text(3_000, 7))).toBe(sha256(text(3_000, 7)));
    expect(sha256(text(3_000, 7))).not.toBe(sha256(text(3_000, 8)));
  });

  it('has one row for each person, with quotes, commas and accents now and then', () => {
    const [header, ...rows]: string[][] = parse(text(2_500, 7));
    expect(header).toHaveLength(11);
    expect(new Set(rows.map(([key]) => key)).size).toBe(2_500);
    const cells = rows.flat();
    expect(cells.some((cell) => cell.includes('"'))).toBe(true);
    expect(cells.some((cell) => /^[^,]+, Jr\.$/.test(cell))).toBe(true);
    expect(cells.some((cell) => /[áéíóúñüöäç]/.test(cell))).toBe(true);
  });

  it('breaks as many rows as it is asked to, and no other', () => {
    const clean = text(1_000, 7).split('\r\n');
    const broken = text(1_000, 7, 13).split('\r\n');
    expect(broken.filter((line, index) => line !== clean[index])).toHaveLength(13);
  });
});
