import { gzipSync } from 'node:zlib';
import { describe, expect, inject, it } from 'vitest';
import {
  type Body,
  dropAndCall,
  expectStatus,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { zipOf } from '../support/zip.ts';

const url = inject('hubUrl');
const people = 'id,name\n1,Ann\n2,Bob\n3,Cy\n';
const allowed = { guards: { maxRejectedPercent: 100 } };

async function programWithTask(task: Record<string, unknown> = {}): Promise<TestProgram> {
  const program = await newProgram(url);
  expectStatus(await saveTask(program, task), 200);
  return program;
}

function saveTask(program: TestProgram, task: Record<string, unknown>) {
  const path = `/api/programs/${program.programId}/tasks/warehouse`;
  return program.call('PUT', path, { body: { ...peopleTask, ...task } });
}

/** The job over a file, once it has ended or is held. */
async function run(program: TestProgram, content: string | Uint8Array, filename = 'people.csv') {
  const answer = await dropAndCall(program, 'warehouse', filename, content);
  const { jobId } = expectStatus(answer, 200).body;
  const job = await until(
    () => program.call('GET', `/api/jobs/${jobId}`),
    ({ body }) => body.finishedAt !== null || body.status === 'held',
  );
  return job.body;
}

async function record(program: TestProgram, key: string): Promise<Body> {
  const path = `/api/programs/${program.programId}/datasets/people/records/${key}`;
  return (await program.call('GET', path)).body.data;
}

async function recordCount(program: TestProgram): Promise<number> {
  const { body } = await program.call('GET', `/api/programs/${program.programId}/datasets`);
  return body.items[0]?.recordCount ?? 0;
}

const codesOf = (found: { code: string }[]) => found.map(({ code }) => code);
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** A gzip file that is small, and large inside. */
const bomb = () => gzipSync(Buffer.alloc(30_000_000, 'a,b\n'), { level: 9 });

const workbook = zipOf({
  '[Content_Types].xml': '<?xml version="1.0"?><Types/>',
  'xl/workbook.xml': '<workbook/>',
});
const openDocument = zipOf({
  mimetype: 'application/vnd.oasis.opendocument.spreadsheet',
  'content.xml': '<x/>',
});
const wide = (cells: number) => Array.from({ length: cells }, (_, i) => `c${i}`).join(',');

describe.concurrent('a file that is no table', () => {
  const sentence = expect.stringMatching(/^[A-Z].{20,}[.]$/);
  it.each<[string, string | Uint8Array, string, RegExp]>([
    ['an empty file', '', 'empty_file', /is empty/],
    ['a file of blank lines', '\r\n \r\n\r\n', 'empty_file', /is empty/],
    ['nothing but a byte-order mark', '\ufeff', 'empty_file', /is empty/],
    ['an Excel workbook', workbook, 'excel_file', /Excel workbook.*CSV UTF-8/],
    ['an OpenDocument sheet', openDocument, 'opendocument_file', /OpenDocument/],
    ['a ZIP archive', zipOf({ 'people.csv': people }), 'zip_file', /ZIP archive/],
    ['a PDF', '%PDF-1.7\n%âãÏÓ\n1 0 obj\n<<>>\nendobj\n', 'pdf_file', /PDF/],
    ['a login page', '\n<!DOCTYPE html>\n<html><body>Log in</body></html>', 'html_file', /web page/],
    ['a gzipped web page', gzipSync('<html><body>Log in</body></html>'), 'html_file', /web page/],
    ['XML', '<?xml version="1.0"?>\n<people><p id="1"/></people>', 'xml_file', /XML/],
    ['one JSON object', '{\n  "id": 1,\n  "name": "Ann"\n}\n', 'json_not_rows', /JSON but not rows/],
    ['a picture', bytes([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]), 'binary_file', /no text/],
    ['a gzip bomb', bomb(), 'gzip_too_large', /200 times its size/],
    ['a gzip file cut off', gzipSync(people.repeat(500)).subarray(0, -30), 'gzip_broken', /cut off/],
    ['a gzip file with a broken sum', broken(gzipSync(people)), 'gzip_broken', /cut off/],
    [
      'gzip files in one',
      Buffer.concat([gzipSync('id,name\n'), gzipSync('2,Bob\n')]),
      'gzip_broken',
      /several in one/,
    ],
    ['a file compressed twice', gzipSync(gzipSync(people)), 'nested_gzip', /compressed twice/],
    ['10,000 columns', `${wide(10_000)}\n`, 'too_many_columns', /more than 2000 cells/],
    [
      'one line of 20 MB',
      Buffer.alloc(20_000_000, 'x'),
      'cell_too_large',
      /header cannot be read.*longer than/,
    ],
    ['one line of 20 MB with commas', Buffer.alloc(20_000_000, 'x,y'), 'record_too_large', /header cannot/],
    ['no header', '1,Ann\n2,Bob\n3,Cy\n', 'header_missing', /first line.*name the columns/],
    ['another table', 'city,country\nParis,France\n', 'column_missing', /no column for the field/],
    [
      'a header that has a column twice',
      'id,name,Name\n1,Ann,Bob\n',
      'column_duplicate',
      /column 3.*column 2/,
    ],
    ['a header that cannot be read', 'id,na"me\n1,Ann\n', 'stray_quote', /header cannot be read/],
  ])('fails as a whole, and says so: %s', async (_, content, code, message) => {
    const program = await programWithTask({ mode: 'upsert' });
    const job = await run(program, content);
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'failed', attempt: 1 });
    expect(job.errors[0]).toMatchObject({ code });
    expect(job.message).toMatch(message);
    expect(job.message).toEqual(sentence);
    expect(job.rows).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
  });
});

function broken(file: Buffer): Buffer {
  file[file.length - 6] = (file[file.length - 6] ?? 0) ^ 0xff;
  return file;
}

describe('a file of a header and no rows', () => {
  it('is held in full mode where there are records, for it would delete them all', async () => {
    const program = await programWithTask();
    await run(program, people);
    const job = await run(program, 'id,name\n');
    expect(job).toMatchObject({ status: 'held', rows: { read: 0, deleted: 3 } });
    expect(job.message).toContain('maxDeletePercent');
    expect(codesOf(job.decisions.notices)).toEqual(['header_only']);
    expect(await recordCount(program)).toBe(3);
  });

  it('changes nothing as an upsert, and nothing as a first load', async () => {
    for (const mode of ['upsert', 'full']) {
      const program = await programWithTask({ mode });
      if (mode === 'upsert') await run(program, people);
      const job = await run(program, '\ufeffid,name');
      expect(job).toMatchObject({ status: 'succeeded', rows: { read: 0, rejected: 0, deleted: 0 } });
      expect(await recordCount(program)).toBe(mode === 'upsert' ? 3 : 0);
    }
  });
});

describe('a header with names that say nothing', () => {
  const file = 'id,,name,x,x\n1,a,Ann,b,c\n';

  it('is read without those columns, and a notice tells', async () => {
    const program = await programWithTask();
    const job = await run(program, file);
    expect(job).toMatchObject({ status: 'succeeded', rows: { inserted: 1 } });
    expect(codesOf(job.decisions.notices)).toEqual(['header_blank', 'header_duplicate']);
    expect(await record(program, '1')).toEqual({ id: 1, name: 'Ann' });
  });

  it('is refused where every column counts', async () => {
    const keeping = await run(await programWithTask({ unknownColumns: 'keep' }), file);
    expect(keeping.status).toBe('failed');
    expect(codesOf(keeping.errors)).toEqual(['column_blank', 'column_duplicate']);
    const rejecting = await run(await programWithTask({ unknownColumns: 'reject' }), file);
    expect(rejecting.status).toBe('failed');
    expect(codesOf(rejecting.errors)).toEqual(['column_blank', 'column_unknown', 'column_unknown']);
  });
});

describe('a row that is too much', () => {
  it('is rejected alone when a cell has 2 MB, quoted or not, in letters of one byte or three', async () => {
    for (const letter of ['x', '漢']) {
      const cell = letter.repeat(2_000_000 / Buffer.byteLength(letter));
      const program = await programWithTask(allowed);
      const job = await run(program, `id,name\n1,Ann\n2,${cell}\n3,"${cell}"\n4,"${cell}\n5,Eve\n`);
      expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded', attempt: 1 });
      expect(job.rows).toMatchObject({ read: 5, rejected: 3, inserted: 2 });
      expect(new Set(job.errors.map(({ line }: Body) => line))).toEqual(new Set([3, 4, 5]));
      expect(codesOf(job.errors.slice(0, 2))).toEqual(['cell_too_large', 'cell_too_large']);
      expect(await record(program, '5')).toEqual({ id: 5, name: 'Eve' });
    }
  });

  it('is rejected alone when it has 10,000 cells', async () => {
    const program = await programWithTask(allowed);
    const job = await run(program, `id,name\n1,Ann\n${wide(10_000)}\n3,Cy\n`);
    expect(job.rows).toMatchObject({ read: 3, rejected: 1, inserted: 2 });
    expect(codesOf(job.errors)).toContain('too_many_columns');
  });

  it('is rejected alone when it is a line of 20 MB', async () => {
    const program = await programWithTask(allowed);
    const job = await run(program, bytes('id,name\n1,Ann\n', `2,${'y'.repeat(20_000_000)}`, '\n3,Cy\n'));
    expect(job.rows).toMatchObject({ read: 3, rejected: 1, inserted: 2 });
    expect(job.errors).toMatchObject([{ line: 3, code: 'cell_too_large' }]);
  });

  it.each([
    ['JSON Lines', (rows: string[]) => rows.join('\n')],
    ['a JSON array', (rows: string[]) => `[${rows.join(',\n')}]`],
  ])('is rejected alone when it is an object of 20 MB: %s', async (_, join) => {
    const program = await programWithTask(allowed);
    const of = (id: number, name: string) => `{"id":${id},"name":"${name}"}`;
    const job = await run(
      program,
      join([of(1, 'Ann'), of(2, 'y'.repeat(20_000_000)), of(3, '漢'.repeat(900_000)), of(4, 'Dee')]),
    );
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded', attempt: 1 });
    expect(job.rows).toMatchObject({ read: 4, rejected: 2, inserted: 2 });
    expect(job.errors.map(({ line, code }: Body) => [line, code])).toEqual([
      [2, 'element_too_large'],
      [3, 'row_too_large'],
    ]);
  });
});

describe('a file that was cut off or put together', () => {
  it.each([
    ['after other letters', bytes('id,name\n1,Zoë\n2,Ann\n3,Jos', [0xc3]), 4],
    ['in plain ASCII', bytes('id,name\n1,Zoe\n2,Ann\n3,Jos', [0xc3]), 4],
    ['within three bytes', bytes('id,name\n1,Zoe\n2,Ann\n3,', [0xe6, 0xbc]), 4],
  ])('has its last row rejected where it ends in half a character: %s', async (_, content, line) => {
    const program = await programWithTask(allowed);
    const job = await run(program, content);
    expect(job, JSON.stringify(job)).toMatchObject({
      status: 'succeeded',
      rows: { rejected: 1, inserted: 2 },
    });
    expect(job.errors).toMatchObject([{ line, column: 'name', code: 'bad_bytes' }]);
    expect(codesOf(job.decisions.notices)).toContain('ends_in_character');
  });

  it('has its last row rejected where UTF-16 ends in half a unit', async () => {
    const program = await programWithTask(allowed);
    const job = await run(program, Buffer.from('\ufeffid,name\n1,Ann\n2,Bob', 'utf16le').subarray(0, -1));
    expect(job).toMatchObject({ status: 'succeeded', rows: { rejected: 1, inserted: 1 } });
    expect(codesOf(job.errors)).toEqual(['bad_bytes']);
  });

  it('is read with all three kinds of line end, and a notice tells', async () => {
    const program = await programWithTask();
    const job = await run(program, 'id,name\r\n1,Ann\n2,Bob\r3,Cy\r\n4,"D\n\rE"\n\n5,Eve');
    expect(job).toMatchObject({ status: 'succeeded', rows: { read: 5, inserted: 5 } });
    expect(codesOf(job.decisions.notices)).toEqual(['mixed_line_ends', 'no_last_line_end']);
    expect(await record(program, '4')).toEqual({ id: 4, name: 'D\n\rE' });
  });
});

describe.concurrent('a task that cannot be right', () => {
  const fields = peopleTask.schema.fields;
  it.each<[string, Record<string, unknown>, [path: string, code: string][]]>([
    [
      'a key that is no field',
      { schema: { fields, primaryKey: 'no' } },
      [['schema.primaryKey', 'key_field_unknown']],
    ],
    ['no key', { schema: { fields } }, [['schema.primaryKey', 'primary_key_required']]],
    [
      'several things at once',
      {
        schema: {
          fields: [
            { name: 'id', type: 'integer', constraints: { minimum: 9, maximum: 1 } },
            { name: 'id', type: 'string', constraints: { pattern: '(a+)+$' } },
            { name: '_line', type: 'geopoint' },
          ],
          primaryKey: 'id',
        },
      },
      [
        ['schema.fields[1].name', 'name_duplicate'],
        ['schema.fields[2].name', 'name_reserved'],
        ['schema.fields[0].constraints.minimum', 'range_empty'],
        ['schema.fields[1].constraints.pattern', 'pattern_unsafe'],
        ['schema.fields[2].type', 'type_unsupported'],
      ],
    ],
    [
      'aliases of no field',
      { aliases: { nobody: ['x'] } },
      [['schema.aliases.nobody', 'alias_field_unknown']],
    ],
    [
      'fieldsMatch against unknownColumns',
      { unknownColumns: 'keep', schema: { ...peopleTask.schema, fieldsMatch: 'exact' } },
      [['schema.unknownColumns', 'fields_match_contradiction']],
    ],
  ])('is refused when it is saved: %s', async (_, task, issues) => {
    const program = await newProgram(url);
    const answer = expectStatus(await saveTask(program, task), 400);
    expect(answer.body.code).toBe('schema_invalid');
    expect(answer.body.errors.map(({ path, code }: Body) => [path, code]).sort()).toEqual(issues.sort());
    for (const { message } of answer.body.errors) expect(message).toMatch(/.{10,}/);
  });

  it.each([
    [
      'a type that there is not',
      { schema: { fields: [{ name: 'id', type: 'strnig' }], primaryKey: 'id' } },
      'schema.fields',
    ],
    ['a delimiter outside ASCII', { dialect: { delimiter: '§' } }, 'dialect.delimiter'],
    ['a line end as quote', { dialect: { quote: '\n' } }, 'dialect.quote'],
    ['a delimiter that is the quote', { dialect: { delimiter: '"', quote: '"' } }, 'dialect'],
  ])('is refused when it is saved, by its shape: %s', async (_, task, path) => {
    const program = await newProgram(url);
    const answer = expectStatus(await saveTask(program, task), 400);
    expect(answer.body.errors[0].path).toContain(path);
  });
});

describe.concurrent('columns and fields', () => {
  const schema = (more: Record<string, unknown> = {}) => ({ schema: { ...peopleTask.schema, ...more } });

  it.each<[string, string, string, string | null]>([
    ['exact', 'in order', 'id,name\n1,Ann\n', null],
    ['exact', 'in another order', 'name,id\nAnn,1\n', 'column_order'],
    ['exact', 'and one more', 'id,name,x\n1,Ann,2\n', 'column_unknown'],
    ['equal', 'in another order', 'name,id\nAnn,1\n', null],
    ['equal', 'and one more', 'id,name,x\n1,Ann,2\n', 'column_unknown'],
    ['equal', 'and one less', 'id\n1\n', 'column_missing'],
    ['subset', 'and one more', 'id,name,x\n1,Ann,2\n', null],
    ['subset', 'and one less', 'id\n1\n', 'column_missing'],
    ['superset', 'and one less', 'id\n1\n', null],
    ['superset', 'and one more', 'id,x\n1,2\n', 'column_unknown'],
    ['partial', 'and one more and one less', 'id,x\n1,2\n', null],
    ['partial', 'without the key', 'name,x\nAnn,2\n', 'column_missing'],
  ])('fieldsMatch %s: the columns %s', async (fieldsMatch, _, file, code) => {
    const job = await run(await programWithTask(schema({ fieldsMatch })), file);
    if (code === null) expect(job).toMatchObject({ status: 'succeeded', rows: { inserted: 1 } });
    else expect(job).toMatchObject({ status: 'failed', errors: [{ code }] });
  });

  it('aliases: takes other spellings, of the task and of the schema, whatever their case', async () => {
    const program = await programWithTask({
      ...schema({ aliases: { id: ['Student No'] } }),
      aliases: { name: ['Prénom'] },
    });
    const job = await run(program, 'STUDENT NO, prenom \n1,Ann\n');
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded', rows: { inserted: 1 } });
    expect(await record(program, '1')).toEqual({ id: 1, name: 'Ann' });
  });

  it.each([
    ['keep', { id: 1, name: 'Ann', city: 'Paris' }],
    ['ignore', { id: 1, name: 'Ann' }],
    ['reject', undefined],
  ])('unknownColumns: %s', async (unknownColumns, data) => {
    const program = await programWithTask({ unknownColumns });
    const job = await run(program, 'id,name,city\n1,Ann,Paris\n');
    expect(await record(program, '1')).toEqual(data);
    if (data) return expect(job.status).toBe('succeeded');
    expect(job).toMatchObject({ status: 'failed', errors: [{ code: 'column_unknown' }] });
  });

  it('missingValues: of the schema and of a field are null, and only they', async () => {
    const fields = [...peopleTask.schema.fields, { name: 'age', type: 'integer', missingValues: ['?'] }];
    const program = await programWithTask({ ...allowed, ...schema({ fields, missingValues: ['-', 'n/a'] }) });
    const job = await run(program, 'id,name,age\n1,-,?\n2,n/a,3\n3,,4\n4,Dee,-\n-,Eve,5\n');
    expect(await record(program, '1')).toEqual({ id: 1, name: null, age: null });
    expect(await record(program, '2')).toEqual({ id: 2, name: null, age: 3 });
    expect(await record(program, '3')).toEqual({ id: 3, name: '', age: 4 });
    expect(job.errors.map(({ line, column, code }: Body) => [line, column, code])).toEqual([
      [5, 'age', 'not_an_integer'],
      [6, 'id', 'key_empty'],
    ]);
  });
});
