import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, inject, it } from 'vitest';
import {
  type Answer,
  type Body,
  type CallOptions,
  caller,
  expectStatus,
  newProgram,
  type TestProgram,
  until,
} from '../support/client.ts';

const url = inject('hubUrl');

const pathOf = ({ programId }: TestProgram, filename = 'a.csv', folder = 'warehouse') =>
  `/api/programs/${programId}/files/${folder}/${filename}`;

const put = (
  program: TestProgram,
  filename: string,
  body: CallOptions['body'],
  headers = {},
): Promise<Answer> => program.call('PUT', pathOf(program, filename), { body, headers });

const namesOf = (answer: Answer): string[] => answer.body.items.map((file: Body) => file.filename);

/** The bytes as they came, however they were encoded on the way. */
async function getBytes(program: TestProgram, filename: string): Promise<Buffer> {
  const response = await fetch(url + pathOf(program, filename), {
    headers: { 'x-api-key': program.key, connection: 'close' },
  });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

describe('PUT …/files/{folder}/{filename}', () => {
  it('stores the bytes, and says which version they are', async () => {
    const program = await newProgram(url);
    const answer = expectStatus(await put(program, 'a.csv', 'id,name\n1,Ada\n'), 201);
    expect(answer.body).toEqual({
      folder: 'warehouse',
      filename: 'a.csv',
      sizeBytes: 14,
      etag: expect.stringMatching(/\w/),
      versionId: expect.stringMatching(/^fil_/),
      traceId: expect.stringMatching(/^tra_/),
      source: 'api',
      updatedAt: expect.stringMatching(/Z$/),
    });
    expect(answer.headers.get('location')).toBe(pathOf(program));
    expect(answer.headers.get('etag')).toBe(`"${answer.body.etag}"`);
  });

  it.each([
    ['one byte', 1],
    ['bytes of any value', 70_000],
    ['more than a part of an upload', 9 * 1024 * 1024],
  ])('gives back %s as they were, of known and of unknown length', async (_, size) => {
    const program = await newProgram(url);
    const bytes = randomBytes(size);
    expect(expectStatus(await put(program, 'known.bin', bytes), 201).body.sizeBytes).toBe(size);
    const stream = new Blob([bytes]).stream();
    expect(expectStatus(await put(program, 'unknown.bin', stream), 201).body.sizeBytes).toBe(size);
    for (const filename of ['known.bin', 'unknown.bin']) {
      expect((await getBytes(program, filename)).equals(bytes), filename).toBe(true);
    }
  });

  it('takes a file of 0 bytes, of known and of unknown length', async () => {
    const program = await newProgram(url);
    const bodies = [undefined, '', new Uint8Array(0), new Blob([]).stream()];
    for (const [n, body] of bodies.entries()) {
      expect(expectStatus(await put(program, `empty${n}.csv`, body), 201).body.sizeBytes).toBe(0);
      expect(await getBytes(program, `empty${n}.csv`)).toHaveLength(0);
      const ranged = await program.call('GET', pathOf(program, `empty${n}.csv`), {
        headers: { range: 'bytes=0-' },
      });
      expectStatus(ranged, 200);
    }
  });

  it('points the name at the newest version', async () => {
    const program = await newProgram(url);
    const first = expectStatus(await put(program, 'a.csv', 'old'), 201).body;
    const second = expectStatus(await put(program, 'a.csv', 'new'), 201).body;
    expect(second.versionId).not.toBe(first.versionId);
    expect((await program.call('GET', pathOf(program))).text).toBe('new');
    const list = await program.call('GET', `/api/programs/${program.programId}/files`);
    expect(list.body.items).toHaveLength(1);
  });

  it('keeps a media type, whatever it is, and never lets a browser run it', async () => {
    const program = await newProgram(url);
    const page = '<script>alert(1)</script>';
    expectStatus(await put(program, 'page.html', page, { 'content-type': 'text/html' }), 201);
    const { headers } = await program.call('GET', pathOf(program, 'page.html'));
    expect(headers.get('content-type')).toBe('text/html');
    expect(headers.get('content-disposition')).toMatch(/^attachment;/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    'with space.csv',
    'Schüler 2026 – Größe.csv',
    '学生.csv',
    '💥.csv',
    '100%.csv',
    '%41.csv',
    '%252F.csv',
    'a+b&c=d.csv',
    'a#b?c.csv',
    'semi;colon,comma.csv',
    'quote\'".csv',
    '...',
    '.hidden',
    'CON',
    ' ',
    `${'x'.repeat(251)}.csv`,
  ])('takes a name such as %s, and finds the file under it', async (filename) => {
    const program = await newProgram(url);
    const stored = expectStatus(await put(program, encodeURIComponent(filename), 'x'), 201);
    expect(stored.body.filename).toBe(filename);
    expect(stored.headers.get('location')).toBe(pathOf(program, encodeURIComponent(filename)));
    const got = expectStatus(await program.call('GET', pathOf(program, encodeURIComponent(filename))), 200);
    expect(got.headers.get('content-disposition')).toBe(
      `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`,
    );
    const list = await program.call('GET', `/api/programs/${program.programId}/files`);
    expect(namesOf(list)).toEqual([filename]);
    expectStatus(await program.call('DELETE', pathOf(program, encodeURIComponent(filename))), 204);
    expectStatus(await program.call('GET', pathOf(program, encodeURIComponent(filename))), 404);
  });

  it.each([
    ['a path', '..%2Fa.csv'],
    ['a path in it', 'a%2Fb.csv'],
    ['a Windows path', 'C%3A%5Ca.csv'],
    ['a line end', 'a%0D%0A.csv'],
    ['a NUL', 'a%00.csv'],
    ['a tab', 'a%09.csv'],
    ['256 characters', 'x'.repeat(256)],
  ])('refuses a name with %s', async (_, filename) => {
    const program = await newProgram(url);
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const body = method === 'PUT' ? { body: 'x' } : {};
      const answer = expectStatus(await program.call(method, pathOf(program, filename), body), 400);
      expect(answer.body.code).toBe('filename_invalid');
    }
  });

  it.each(['ware%20house', 'ware%2Fhouse', '-a', '_a', '%C3%BC', 'x'.repeat(64), '%2e%2e%2f'])(
    'refuses a folder called %s',
    async (folder) => {
      const program = await newProgram(url);
      expectStatus(await program.call('PUT', pathOf(program, 'a.csv', folder), { body: 'x' }), 400);
    },
  );

  it('stores nothing of a file that breaks off, and spares the version before it', async () => {
    const program = await newProgram(url);
    expectStatus(await put(program, 'a.csv', 'whole'), 201);
    for (const filename of ['a.csv', 'fresh.csv']) {
      for (const length of [{ 'content-length': '1000' }, { 'transfer-encoding': 'chunked' }]) {
        const headers = { 'x-api-key': program.key, ...length };
        const sending = request(url + pathOf(program, filename), { method: 'PUT', headers });
        sending.on('error', () => {});
        sending.write('half of it');
        // The hub has begun to read by the time it has answered another call.
        expectStatus(await program.call('GET', pathOf(program)), 200);
        const closed = new Promise((resolve) => sending.once('close', resolve));
        sending.destroy();
        await closed;
      }
    }
    const isRefused = (line: string) =>
      line.includes(program.programId) && /"method":"PUT"/.test(line) && !/"status":201/.test(line);
    await until(
      async () => readFileSync(inject('hubLog'), 'utf8').split('\n').filter(isRefused),
      (lines) => lines.length === 4,
    );
    expect((await program.call('GET', pathOf(program))).text).toBe('whole');
    expectStatus(await program.call('GET', pathOf(program, 'fresh.csv')), 404);
    const audit = await program.call('GET', `/api/programs/${program.programId}/audit`);
    expect(audit.body.items.filter((entry: Body) => entry.action === 'file.stored')).toHaveLength(1);
  });

  it('keeps one whole version when many arrive at once under one name', async () => {
    const program = await newProgram(url);
    const bodies = Array.from({ length: 6 }, (_, n) => String(n).repeat(10_000));
    const answers = await Promise.all(bodies.map((body) => put(program, 'a.csv', body)));
    for (const answer of answers) expectStatus(answer, 201);
    expect(bodies).toContain((await program.call('GET', pathOf(program))).text);
    const list = await program.call('GET', `/api/programs/${program.programId}/files`);
    expect(list.body.items).toHaveLength(1);
  });
});

describe('GET …/files/{folder}/{filename}', () => {
  async function digits(): Promise<{
    program: TestProgram;
    etag: string;
    get: (headers: Record<string, string>) => Promise<Answer>;
  }> {
    const program = await newProgram(url);
    const { etag } = expectStatus(await put(program, 'a.csv', '0123456789'), 201).body;
    return { program, etag, get: (headers) => program.call('GET', pathOf(program), { headers }) };
  }

  it.each([
    ['bytes=0-3', '0123', '0-3'],
    ['bytes=4-', '456789', '4-9'],
    ['bytes=-3', '789', '7-9'],
    ['bytes=-100', '0123456789', '0-9'],
    ['bytes=8-100', '89', '8-9'],
    ['bytes=9-9', '9', '9-9'],
    [' bytes=0-0 ', '0', '0-0'],
  ])('answers the range %s', async (range, text, place) => {
    const { get, etag } = await digits();
    const answer = expectStatus(await get({ range }), 206);
    expect(answer.text).toBe(text);
    expect(answer.headers.get('content-range')).toBe(`bytes ${place}/10`);
    expect(answer.headers.get('content-length')).toBe(String(text.length));
    expect(answer.headers.get('etag')).toBe(`"${etag}"`);
  });

  it.each(['bytes=10-', 'bytes=10-12', 'bytes=999999999999999-'])(
    'refuses the range %s, which is not there',
    async (range) => {
      const answer = expectStatus(await (await digits()).get({ range }), 416);
      expect(answer.headers.get('content-range')).toBe('bytes */10');
      expect(answer.body.code).toBe('range_not_satisfiable');
    },
  );

  it.each([
    'bytes=5-2',
    'bytes=-',
    'bytes=a-b',
    'bytes=0-1,4-5',
    'lines=0-1',
    'bytes 0-1',
    'bytes=-0',
    'bytes=1e1-',
    `bytes=${'9'.repeat(30)}-`,
  ])('answers %s, which is no single range, with the whole', async (range) => {
    expect(expectStatus(await (await digits()).get({ range }), 200).text).toBe('0123456789');
  });

  it('answers 304 to whoever has this version already', async () => {
    const { get, etag } = await digits();
    for (const known of [`"${etag}"`, `W/"${etag}"`, `"other", "${etag}"`, '*']) {
      const answer = expectStatus(await get({ 'if-none-match': known }), 304);
      expect(answer.text).toBe('');
      expect(answer.headers.get('etag')).toBe(`"${etag}"`);
    }
    expectStatus(await get({ 'if-none-match': '"other"' }), 200);
  });

  it('never splices a range of a newer version onto an older one', async () => {
    const { program, get, etag } = await digits();
    expect(expectStatus(await get({ range: 'bytes=5-', 'if-range': `"${etag}"` }), 206).text).toBe('56789');
    expectStatus(await put(program, 'a.csv', 'abcdefghij'), 201);
    expect(expectStatus(await get({ range: 'bytes=5-', 'if-range': `"${etag}"` }), 200).text).toBe(
      'abcdefghij',
    );
    expect(expectStatus(await get({ range: 'bytes=5-', 'if-range': `W/"${etag}"` }), 200).text).toBe(
      'abcdefghij',
    );
  });

  it('asks caches and proxies to leave the bytes alone', async () => {
    const { get } = await digits();
    const { headers } = await get({});
    expect(headers.get('cache-control')).toBe('no-store, no-transform');
    expect(headers.get('accept-ranges')).toBe('bytes');
  });

  it('answers HEAD with size and version, and no body', async () => {
    const { program, etag } = await digits();
    const answer = expectStatus(await program.call('HEAD', pathOf(program)), 200);
    expect(answer.text).toBe('');
    expect(answer.headers.get('content-length')).toBe('10');
    expect(answer.headers.get('etag')).toBe(`"${etag}"`);
    const known = { headers: { 'if-none-match': `"${etag}"` } };
    expectStatus(await program.call('HEAD', pathOf(program), known), 304);
    expectStatus(await program.call('HEAD', pathOf(program, 'none.csv')), 404);
  });
});

describe('DELETE …/files/{folder}/{filename}', () => {
  it('removes the file with all its versions', async () => {
    const program = await newProgram(url);
    expectStatus(await put(program, 'a.csv', 'one'), 201);
    expectStatus(await put(program, 'a.csv', 'two'), 201);
    expectStatus(await put(program, 'b.csv', 'stays'), 201);
    expectStatus(await program.call('DELETE', pathOf(program)), 204);
    expectStatus(await program.call('GET', pathOf(program)), 404);
    expectStatus(await program.call('DELETE', pathOf(program)), 404);
    const list = await program.call('GET', `/api/programs/${program.programId}/files`);
    expect(namesOf(list)).toEqual(['b.csv']);
  });

  it('leaves the name free for a new file', async () => {
    const program = await newProgram(url);
    expectStatus(await put(program, 'a.csv', 'one'), 201);
    expectStatus(await program.call('DELETE', pathOf(program)), 204);
    expectStatus(await put(program, 'a.csv', 'two'), 201);
    expect((await program.call('GET', pathOf(program))).text).toBe('two');
  });
});

describe('GET …/files', () => {
  it('lists by folder and name, and by a prefix of both', async () => {
    const program = await newProgram(url);
    for (const [folder, filename] of [
      ['warehouse', 'b.csv'],
      ['warehouse', 'a_1.csv'],
      ['warehouse', 'aX1.csv'],
      ['warehouse', '100%25.csv'],
      ['Archive', 'z.csv'],
      ['warehouse-2', 'a.csv'],
    ] as const) {
      expectStatus(await program.call('PUT', pathOf(program, filename, folder), { body: 'x' }), 201);
    }
    const list = async (prefix: string) => {
      const query = new URLSearchParams({ prefix });
      return program.call('GET', `/api/programs/${program.programId}/files?${query}`);
    };
    const all = expectStatus(await list(''), 200).body.items;
    expect(all.map(({ folder, filename }: Body) => `${folder}/${filename}`)).toEqual([
      ...['Archive/z.csv', 'warehouse/100%.csv', 'warehouse/aX1.csv', 'warehouse/a_1.csv', 'warehouse/b.csv'],
      'warehouse-2/a.csv',
    ]);
    expect(namesOf(await list('warehouse/'))).toHaveLength(4);
    expect(namesOf(await list('warehouse'))).toHaveLength(5);
    expect(namesOf(await list('warehouse/a_'))).toEqual(['a_1.csv']);
    expect(namesOf(await list('warehouse/100%'))).toEqual(['100%.csv']);
    expect(namesOf(await list('archive/'))).toEqual([]);
    expect(namesOf(await list("' OR 1=1 --"))).toEqual([]);
    expectStatus(await list('x'.repeat(321)), 400);
  });
});

describe('POST …/uploads', () => {
  const begin = ({ call, programId }: TestProgram, body: Body = {}): Promise<Answer> =>
    call('POST', `/api/programs/${programId}/uploads`, {
      body: { folder: 'warehouse', filename: 'a.csv', size: 5, ...body },
    });
  const complete = ({ call, programId }: TestProgram, uploadId: string) =>
    call('POST', `/api/programs/${programId}/uploads/${uploadId}/complete`);
  const send = (upload: Body, body: string) =>
    fetch(upload.url, { method: 'PUT', headers: { ...upload.headers, connection: 'close' }, body });

  it('takes a file straight to the object store, end to end', async () => {
    const program = await newProgram(url);
    const begun = expectStatus(await begin(program, { contentType: 'text/csv' }), 201);
    expect(begun.headers.get('cache-control')).toBe('no-store');
    expect(Date.parse(begun.body.expiresAt) - Date.now()).toBeGreaterThan(50 * 60_000);
    expectStatus(await program.call('GET', pathOf(program)), 404);
    expect((await send(begun.body, 'hello')).status).toBe(200);
    expectStatus(await program.call('GET', pathOf(program)), 404);
    const file = expectStatus(await complete(program, begun.body.uploadId), 200).body;
    expect(file).toMatchObject({ folder: 'warehouse', filename: 'a.csv', sizeBytes: 5, source: 'upload' });
    const got = expectStatus(await program.call('GET', pathOf(program)), 200);
    expect(got.text).toBe('hello');
    expect(got.headers.get('content-type')).toBe('text/csv');
  });

  it('is completed once, and says the same again', async () => {
    const program = await newProgram(url);
    const { body: upload } = await begin(program);
    await send(upload, 'hello');
    const first = expectStatus(await complete(program, upload.uploadId), 200);
    expect(expectStatus(await complete(program, upload.uploadId), 200).body).toEqual(first.body);
    expectStatus(await put(program, 'a.csv', 'newer'), 201);
    expectStatus(await complete(program, upload.uploadId), 409);
    expect((await program.call('GET', pathOf(program))).text).toBe('newer');
  });

  it('is not complete before its bytes are there', async () => {
    const program = await newProgram(url);
    const { body: upload } = await begin(program);
    expect(expectStatus(await complete(program, upload.uploadId), 400).body.code).toBe('file_not_found');
    await send(upload, 'hello');
    expectStatus(await complete(program, upload.uploadId), 200);
  });

  it('takes no other number of bytes than was announced', async () => {
    const program = await newProgram(url);
    const { body: upload } = await begin(program, { size: 4 });
    const headers = { ...upload.headers };
    delete headers['content-length'];
    const sent = await fetch(upload.url, {
      method: 'PUT',
      headers: { ...headers, connection: 'close' },
      body: 'hello',
    });
    // A store that checks the signed length refuses it; one that does not is caught at completion.
    const completed = await complete(program, upload.uploadId);
    expectStatus(completed, 400);
    if (sent.ok) expect(completed.body.detail).toContain('5 bytes; 4 were announced');
    expectStatus(await program.call('GET', pathOf(program)), 404);
  });

  it('gives a URL that works once', async () => {
    const program = await newProgram(url);
    const { body: upload } = await begin(program);
    expect((await send(upload, 'hello')).status).toBe(200);
    expect((await send(upload, 'other')).status).toBe(412);
    await complete(program, upload.uploadId);
    expect((await send(upload, 'other')).status).toBe(412);
    expect((await program.call('GET', pathOf(program))).text).toBe('hello');
  });

  it("cannot be completed by another program, nor under another program's name", async () => {
    const [mine, theirs] = [await newProgram(url), await newProgram(url)];
    const { body: upload } = await begin(mine);
    await send(upload, 'hello');
    expectStatus(await complete(theirs, upload.uploadId), 404);
    const stranger = { ...mine, call: caller(url, theirs.key) };
    expectStatus(await complete(stranger, upload.uploadId), 404);
    expectStatus(await complete(mine, upload.uploadId), 200);
  });

  it.each([
    ['a path for a name', { filename: '../a.csv' }],
    ['a name with half a character', { filename: '\ud800.csv' }],
    ['an empty name', { filename: '' }],
    ['a folder that is none', { folder: 'a/b' }],
    ['a negative size', { size: -1 }],
    ['half a byte', { size: 1.5 }],
    ['more than 5 GB', { size: 5_000_000_001 }],
    ['no size', { size: undefined }],
    ['a line end in the media type', { contentType: 'text/csv\r\nx-injected: 1' }],
    ['a media type that no header holds', { contentType: 'текст/csv' }],
    ['an unknown member', { overwrite: true }],
  ])('refuses %s', async (_, body) => {
    expectStatus(await begin(await newProgram(url), body), 400);
  });
});
