import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { detectFile } from '../../src/platform/csv/detect.ts';
import { CsvReader } from '../../src/platform/csv/reader.ts';
import { dropAndCall, expectStatus, jobEnded, newProgram, type TestProgram } from '../support/client.ts';

const data = new URL('../../../shared/data/oulad/', import.meta.url).pathname;
const mebibyte = 1_048_576;

/** Copies that say the same; of a file in ASCII, the one in Windows-1252 has the same bytes as in UTF-8. */
const encodings: Record<string, (text: string) => Uint8Array> = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8 with a mark': (text) => Buffer.from(`\ufeff${text}`),
  gzip: (text) => gzipSync(text),
  'UTF-16 LE': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'UTF-16 BE': (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  'UTF-16 LE, gzipped': (text) => gzipSync(Buffer.from(`\ufeff${text}`, 'utf16le')),
  'Windows-1252': (text) => Buffer.from(text, 'latin1'),
};
const expectedEncoding: Record<string, string> = {
  'UTF-16 LE': 'utf-16le',
  'UTF-16 BE': 'utf-16be',
  'UTF-16 LE, gzipped': 'utf-16le',
};

const rowCounts = { studentInfo: 32_593, studentAssessment: 173_912, assessments: 206, courses: 22 };

/** Detects and reads as the hub does; a row count without the header, and a hash of every cell. */
function digest(stored: Uint8Array) {
  const isGzip =
    detectFile(stored.subarray(0, mebibyte), stored.subarray(-mebibyte), stored.length).kind === 'gzip';
  const bytes: Uint8Array = isGzip ? gunzipSync(stored) : stored;
  const found = detectFile(bytes.subarray(0, mebibyte), bytes.subarray(-mebibyte), bytes.length);
  if (found.kind !== 'csv') throw new Error(`taken for ${found.kind}`);
  const hash = createHash('sha256');
  let rows = -1;
  const reader = new CsvReader({
    dialect: found.dialect,
    width: null,
    start: found.start,
    onRow: (cells) => {
      rows += 1;
      hash.update(JSON.stringify(cells));
    },
    onFault: ({ line, code }) => {
      throw new Error(`${code} on line ${line}`);
    },
  });
  for (let at = found.start.offset; at < bytes.length; at += 50_000)
    reader.push(bytes.subarray(at, at + 50_000));
  reader.end();
  return { rows, hash: hash.digest('hex'), encoding: found.dialect.encoding };
}

/** Letters outside ASCII, which the real files lack. */
function withAccents(text: string): string {
  return text.replaceAll('Scotland', 'Écosse').replaceAll('East Anglian Region', 'Nord-Übersee');
}

describe.each(Object.entries(rowCounts))('the university file %s', (name, rows) => {
  const text = readFileSync(`${data}${name}.csv`, 'utf8');

  it.each(Object.keys(encodings))('reads to the same rows as %s', (encoding) => {
    const plain = digest(Buffer.from(text));
    expect(plain).toMatchObject({ rows, encoding: 'utf-8' });
    const copy = digest(encodings[encoding]?.(text) ?? new Uint8Array());
    expect(copy).toEqual({ ...plain, encoding: expectedEncoding[encoding] ?? 'utf-8' });
  });
});

it.each(Object.keys(encodings))('letters outside ASCII in studentInfo are the same as %s', (encoding) => {
  const text = withAccents(readFileSync(`${data}studentInfo.csv`, 'utf8'));
  const copy = digest(encodings[encoding]?.(text) ?? new Uint8Array());
  const fallback = encoding === 'Windows-1252' ? 'windows-1252' : 'utf-8';
  expect(copy).toEqual({ ...digest(Buffer.from(text)), encoding: expectedEncoding[encoding] ?? fallback });
});

describe('through the hub', () => {
  let hub: Hub;
  let program: TestProgram;

  beforeAll(async () => {
    hub = await startHub();
    program = await newProgram(hub.url);
  });
  afterAll(() => hub.stop());

  const field = (name: string, type: string) => ({ name, type });
  const names = readFileSync(`${data}studentInfo.csv`, 'utf8')
    .split('\n', 1)[0]
    ?.replaceAll('"', '')
    .trim()
    .split(',');
  const studentInfo = {
    fields: (names ?? []).map((name) => field(name, name === 'id_student' ? 'integer' : 'string')),
    primaryKey: ['code_module', 'code_presentation', 'id_student'],
  };

  async function run(job: string, content: Uint8Array) {
    const answer = expectStatus(await dropAndCall(program, job, `${job}.csv`, content), 200);
    return jobEnded(program.call, answer.body.jobId, 110);
  }

  async function saveTask(job: string, schema: unknown) {
    const path = `/api/programs/${program.programId}/tasks/${job}`;
    const body = { folder: 'warehouse', dataset: job, mode: 'full', schema };
    expectStatus(await program.call('PUT', path, { body }), 200);
  }

  it('every copy of studentInfo makes the same records: the second finds all of them unchanged', async () => {
    await saveTask('students', studentInfo);
    const text = withAccents(readFileSync(`${data}studentInfo.csv`, 'utf8'));
    const counts = { read: 32_593, rejected: 0, updated: 0, deleted: 0 };
    let isFirst = true;
    for (const [encoding, encode] of Object.entries(encodings)) {
      const job = await run('students', encode(text));
      expect(job.status, `${encoding}: ${JSON.stringify(job)}`).toBe('succeeded');
      const expected = isFirst ? { inserted: 32_593, unchanged: 0 } : { inserted: 0, unchanged: 32_593 };
      expect(job.rows, encoding).toEqual({ ...counts, ...expected });
      isFirst = false;
    }
  });

  it('studentAssessment runs with exact counts', async () => {
    await saveTask('assessments', {
      fields: ['id_assessment', 'id_student', 'date_submitted', 'is_banked', 'score'].map((name) =>
        field(name, 'integer'),
      ),
      primaryKey: ['id_assessment', 'id_student'],
    });
    const job = await run('assessments', readFileSync(`${data}studentAssessment.csv`));
    expect(job.status, JSON.stringify(job)).toBe('succeeded');
    const counts = { rejected: 0, updated: 0, unchanged: 0, deleted: 0 };
    expect(job.rows).toEqual({ ...counts, read: 173_912, inserted: 173_912 });
  });
});
