import { beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visitor } from '../support/browser.ts';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  type TestProgram,
} from '../support/client.ts';

const url = inject('hubUrl');
const many = 45_000;
const inStep = 20_000;
let program: TestProgram;

const api = (path: string) => `/api/programs/${program.programId}/${path}`;
const at = (path: string) => `/p/${program.programId}/${path}`;

const task = {
  ...{ folder: 'warehouse', dataset: 'students', mode: 'full' },
  schema: {
    fields: [
      { name: 'id', type: 'integer' },
      { name: 'name', type: 'string' },
      { name: 'gift', type: 'number' },
      { name: 'alumni', type: 'boolean' },
      { name: 'e.mail $', type: 'string' },
    ],
    primaryKey: 'id',
  },
};

const step = (body: Body) => program.call('POST', api('datasets/students/search'), { body });

/** Every record that a search finds, and in how many steps. */
async function searched(body: Body): Promise<{ keys: string[]; steps: number }> {
  const keys: string[] = [];
  for (let steps = 1, cursor: string | undefined; ; steps++) {
    const answer = expectStatus(await step({ ...body, ...(cursor ? { cursor } : {}) }), 200).body;
    keys.push(...answer.items.map(({ key }: Body) => key));
    if (answer.nextCursor === null) return { keys: keys.toSorted(), steps };
    cursor = answer.nextCursor;
    expect(steps).toBeLessThan(40);
  }
}

beforeAll(async () => {
  program = await newProgram(url);
  expectStatus(await program.call('PUT', api('tasks/students'), { body: task }), 200);
  const special = [
    "1,Ann O'Hara,22.5,true,ann@school.example",
    '2,"Émile ""Bo"" <b>",,false,"a,b"',
    '3,ANN,7,true,',
  ];
  const rows = Array.from({ length: many - 3 }, (_, n) => `${n + 4},Nobody ${n},1,false,x@school.example`);
  const called = await dropAndCall(
    program,
    'students',
    's.csv',
    `id,name,gift,alumni,e.mail $\n${[...special, ...rows].join('\n')}\n`,
  );
  const job = await jobEnded(program.call, expectStatus(called, 200).body.jobId, 60);
  expect([job.status, job.rows.inserted]).toEqual(['succeeded', many]);
});

describe('POST …/datasets/{dataset}/search', () => {
  it.each([
    ['name', 'is', "ann o'hara", ['1']],
    ['name', 'is', 'ann', ['3']],
    ['name', 'contains', 'ANN', ['1', '3']],
    ['name', 'contains', '"Bo"', ['2']],
    ['gift', 'is', '22.5', ['1']],
    ['gift', 'is', '7', ['3']],
    ['alumni', 'is', 'true', ['1', '3']],
    ['e.mail $', 'is', 'ann@school.example', ['1']],
    ['e.mail $', 'contains', '%', []],
    ['name', 'is', "' OR 1=1 --", []],
    ['no such column', 'is', 'x', []],
  ])('finds by %s that %s %j, whatever its type, in steps that end', async (field, match, value, keys) => {
    expect(await searched({ field, match, value })).toEqual({ keys, steps: Math.ceil(many / inStep) });
  });

  it('gives fifty at a time, and each once', async () => {
    const { items, nextCursor } = expectStatus(
      await step({ field: 'name', match: 'contains', value: 'Nobody 4499' }),
      200,
    ).body;
    expect([items.length <= 50, typeof nextCursor]).toEqual([true, 'string']);
    const { keys } = await searched({ field: 'name', match: 'contains', value: 'Nobody 44' });
    expect(keys).toHaveLength(1_108);
    expect(new Set(keys).size).toBe(1_108);
  });

  it.each([
    ['no value', { field: 'name', value: '' }],
    ['a column with a quote', { field: 'na"me', value: 'x' }],
    ['a way of comparing that is none', { field: 'name', value: 'x', match: 'like' }],
    ['a cursor of another list', { field: 'name', value: 'x', cursor: 'WzFd' }],
  ])('refuses %s', async (_, body) => {
    expectStatus(await step(body), 400);
  });

  it('is another program’s 404', async () => {
    const other = await newProgram(url);
    const body = { field: 'name', value: 'Ann' };
    expectStatus(await other.call('POST', api('datasets/students/search'), { body }), 404);
  });

  it('is on record once, without what was looked for', async () => {
    await searched({ field: 'name', match: 'is', value: 'of-the-record' });
    const answer = await program.call('GET', api('audit?action=dataset.searched'));
    const { items } = expectStatus(answer, 200).body;
    expect(items[0]).toMatchObject({ target: 'students', detail: { field: 'name' } });
    expect(items[1]?.at).not.toBe(items[0]?.at);
    expect(answer.text).not.toContain('of-the-record');
  });
});

describe('the search of a dataset’s page', () => {
  let visitor: Visitor;
  const search = (fields: Record<string, string>) => visitor.post(at('datasets/students/search'), fields);

  it('offers the columns, goes on when asked, and shows keys and no values', async () => {
    visitor = await signedIn(url, program.key);
    const { html: page } = await visitor.get(at('datasets/students'));
    expect(page).toContain('<option value="e.mail $">');
    let found = '';
    let fields: Record<string, string> = { field: 'name', match: 'is', value: "Ann O'Hara" };
    const said: string[] = [];
    for (let steps = 1; ; steps++) {
      const { status, html, headers, location } = await search(fields);
      expect([status, headers.get('cache-control'), location]).toEqual([200, 'no-store', '']);
      found += html;
      const [, how = ''] =
        /([\d\s]+ of [\d\s]+ records were looked at|looked through to its end)/.exec(html) ?? [];
      said.push(how.replace(/\s/g, ' ').trim());
      const [, form = ''] = /<form method="post" action="[^"]*\/search">(.*?)<\/form>/s.exec(html) ?? [];
      if (form === '') break;
      expect(steps).toBeLessThan(5);
      const hidden = [...form.matchAll(/name="([^_"]*)" value="([^"]*)"/g)];
      fields = Object.fromEntries(
        hidden.map(([, name = '', value = '']) => [name, value.replaceAll('&#39;', "'")]),
      );
    }
    expect(said).toEqual([
      '20 000 of 45 000 records were looked at',
      '40 000 of 45 000 records were looked at',
      'looked through to its end',
    ]);
    expect(found).toContain(`href="${at('datasets/students/record?key=1')}"`);
    expect(found).not.toContain('ann@school.example');
  });

  it('says what is wrong with it, and keeps what was typed', async () => {
    const { status, html } = await search({ field: 'name', match: 'contains', value: ' ' });
    expect(status).toBe(400);
    expect(html).toContain('Say what to look for.');
    const hostile = await search({ field: 'name', match: 'contains', value: '<img src=x onerror=alert(1)>' });
    expect(hostile.status).toBe(200);
    expect(hostile.html).not.toContain('<img');
  });
});
