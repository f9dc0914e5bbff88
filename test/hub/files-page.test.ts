import { beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visitor } from '../support/browser.ts';
import {
  type Body,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  type TestProgram,
} from '../support/client.ts';

// The page of files, as forms alone: a file is dropped, run and deleted.

const url = inject('hubUrl');
let program: TestProgram;
let visitor: Visitor;

const at = (path: string) => `/p/${program.programId}/${path}`;
const api = (path: string) => `/api/programs/${program.programId}/${path}`;
const files = async (): Promise<string[]> =>
  (await program.call('GET', api('files'))).body.items.map(
    ({ folder, filename }: Body) => `${folder}/${filename}`,
  );

beforeAll(async () => {
  program = await newProgram(url);
  expectStatus(await program.call('PUT', api('tasks/people'), { body: peopleTask }), 200);
  visitor = await signedIn(url, program.key);
});

describe('a file on its page', () => {
  const content = 'id,name\n1,Ann\n2,Émile\n';
  const name = 'Für alle & 100%.csv';
  const place = `warehouse/${encodeURIComponent(name)}`;

  it('is dropped byte for byte, run by a task of its folder, and deleted', async () => {
    const dropped = await visitor.upload(
      at('files/upload'),
      { folder: 'warehouse' },
      new File([content], name),
    );
    const page = at(`files?prefix=${encodeURIComponent(`warehouse/${name}`)}`);
    const to = new URL(dropped.location, url);
    expect([dropped.status, to.pathname, to.searchParams.get('prefix'), to.searchParams.get('done')]).toEqual(
      [303, at('files'), `warehouse/${name}`, 'uploaded'],
    );
    expect((await program.call('GET', api(`files/${place}`))).text).toBe(content);

    const { html } = await visitor.get(page);
    expect(html).toContain(`action="${at(`files/${place}/run`)}"`);
    expect(html).toContain('<option value="people"');
    const tried = await visitor.post(at(`files/${place}/run`), { job: 'people', dryRun: 'true' });
    const dry = tried.location.split('/').at(-1)?.split('?')[0] ?? '';
    expect(await jobEnded(program.call, dry)).toMatchObject({ status: 'succeeded', dryRun: true });
    const ran = await visitor.post(at(`files/${place}/run`), {
      job: 'people',
      notifyEmail: 'a@school.example',
    });
    expect(ran.location).toContain('?done=queued');
    const job = await jobEnded(program.call, ran.location.split('/').at(-1)?.split('?')[0] ?? '');
    expect(job).toMatchObject({ status: 'succeeded', dryRun: false, filename: name, rows: { inserted: 2 } });

    const deleted = await visitor.post(at(`files/${place}/delete`));
    expect(deleted.location).toBe(`${at('files')}?done=deleted`);
    expect(await files()).toEqual([]);
  });

  it('is refused with its reason and what was typed, where it cannot be', async () => {
    const odd = await visitor.upload(at('files/upload'), { folder: 'no folder!' }, new File(['x'], 'a.csv'));
    expect(odd.status).toBe(400);
    expect(odd.html).toContain('value="no folder!"');
    const unnamed = await visitor.upload(at('files/upload'), { folder: 'warehouse' }, new File([], ''));
    expect(unnamed.status).toBe(400);
    expect(unnamed.html).toContain('Choose a file first');
    const gone = await visitor.post(at('files/warehouse/never.csv/run'), { job: 'people' });
    expect(gone.status).toBe(400);
    expect(gone.html).toMatch(/role="alert"/);
    const unasked = await visitor.post(at('files/upload'), { folder: 'warehouse' });
    expect(unasked.status).toBe(400);
    expect(await files()).toEqual([]);
  });

  it('is too large to be held, and says where such a one goes', async () => {
    const large = new File([new Uint8Array(26_500_000)], 'large.csv');
    const { status, html } = await visitor.upload(at('files/upload'), { folder: 'warehouse' }, large);
    expect(status).toBe(413);
    expect(html).toContain('A form may have 25 MB. Nothing was done.');
    expect((await visitor.get(at('files'))).html).toContain(`<a href="${at('drop')}">drop keys</a>`);
  });

  it('needs the session’s token and the scope, and has no form where that is missing', async () => {
    const file = new File(['id,name\n'], 'b.csv');
    const forged = await visitor.upload(at('files/upload'), { _token: 'x', folder: 'warehouse' }, file);
    expect(forged.status).toBe(403);
    const reader = await signedIn(url, await program.keyWith('read'));
    const page = await reader.get(at('files'));
    expect(page.html).not.toContain('enctype');
    expect(page.html).toContain('Somebody with the scope “files” can drop a file here');
    expect((await reader.upload(at('files/upload'), { folder: 'warehouse' }, file)).status).toBe(403);
    expect((await reader.post(at('files/warehouse/b.csv/delete'))).status).toBe(403);
    expect(await files()).toEqual([]);
  });
});
