import { beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn } from '../support/browser.ts';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
let program: TestProgram;
/** The jobs in their order, oldest first. */
const jobs: string[] = [];
let undo: string;

const api = (path: string) => `/api/programs/${program.programId}/${path}`;
const historyOf = async (key: string, query = ''): Promise<Body> =>
  expectStatus(await program.call('GET', api(`datasets/people/records/${key}/history${query}`)), 200).body;

async function run(content: string): Promise<void> {
  const called = await dropAndCall(program, 'people', 'people.csv', content);
  const job = await jobEnded(program.call, expectStatus(called, 200).body.jobId);
  expect([job.status, job.message]).toEqual(['succeeded', job.message]);
  jobs.push(job.jobId);
}

beforeAll(async () => {
  program = await newProgram(url);
  const guards = { maxRowDropPercent: 100, maxDeletePercent: 100 };
  const body = { ...peopleTask, guards, publish: { eventType: 'person.changed' } };
  expectStatus(await program.call('PUT', api('tasks/people'), { body }), 200);
  await run('id,name\n1,Ann\n2,Bob\n3,Cy\n');
  const receiver = await startReceiver();
  const hook = { url: `${receiver.url}/hooks`, events: ['event.published'] };
  expectStatus(await program.call('POST', api('webhooks'), { body: hook }), 201);
  try {
    await run('id,name\n1,Anna\n2,Bob\n3,Cy\n');
    await until(
      async () => (await program.call('GET', api('deliveries?channel=webhook'))).body.items as Body[],
      (some) => some.length === 1 && some.every(({ status }) => status === 'delivered'),
    );
  } finally {
    await receiver.close();
  }
  await run('id,name\n1,Anna\n2,Bob\n');
  await run('id,name\n1,Anne\n2,Bob\n3,Cyrus\n');
  const undone = await program.call('POST', `/api/jobs/${jobs[3]}/undo`);
  undo = expectStatus(undone, 200).body.jobId;
  await jobEnded(program.call, undo);
});

describe('GET …/records/{key}/history', () => {
  it('tells what each job did to a record, newest first, with the values before and after', async () => {
    const { items, nextCursor, expired } = await historyOf('1');
    expect(items.map(({ kind, version, jobId }: Body) => [kind, version, jobId])).toEqual([
      ['updated', 4, undo],
      ['updated', 3, jobs[3]],
      ['updated', 2, jobs[1]],
      ['inserted', 1, jobs[0]],
    ]);
    expect(items.map(({ before, after }: Body) => [before?.name ?? null, after?.name])).toEqual([
      ['Anne', 'Anna'],
      ['Anna', 'Anne'],
      ['Ann', 'Anna'],
      [null, 'Ann'],
    ]);
    expect(items[0]).toMatchObject({ undoOf: jobs[3], job: 'people' });
    expect([nextCursor, expired]).toEqual([null, false]);
  });

  it('names the event that a change became, and where its deliveries stand', async () => {
    const { items } = await historyOf('1');
    const { event } = items[2];
    expect(event).toEqual({ eventId: expect.stringMatching(/^evt_/), states: { delivered: 1 } });
    const { body } = await program.call('GET', `/api/events/${event.eventId}`);
    expect(body).toMatchObject({ PublisherEventData: { id: 1, name: 'Anna' }, Change: 'updated' });
    // Nobody listened yet when the first load came.
    expect(items[3].event.states).toEqual({});
  });

  it('goes on across a deletion, and tells the history of what is deleted now', async () => {
    // Inserted, deleted by the third, inserted by the fourth, deleted by the undo.
    const { items } = await historyOf('3');
    expect(
      items.map(({ kind, jobId, before, after }: Body) => [kind, jobId, before?.name, after?.name]),
    ).toEqual([
      ['deleted', undo, 'Cyrus', undefined],
      ['inserted', jobs[3], undefined, 'Cyrus'],
      ['deleted', jobs[2], 'Cy', undefined],
      ['inserted', jobs[0], undefined, 'Cy'],
    ]);
    expectStatus(await program.call('GET', api('datasets/people/records/3')), 404);
  });

  it.each(['1', '3'])('is the same page by page (%s)', async (key) => {
    const whole = (await historyOf(key)).items;
    const paged: Body[] = [];
    for (let query = '?limit=1'; query !== ''; ) {
      const { items, nextCursor } = await historyOf(key, query);
      paged.push(...items);
      query = nextCursor === null ? '' : `?limit=1&cursor=${nextCursor}`;
    }
    expect(paged).toEqual(whole);
  });

  it('knows nothing of a key that never was, and takes no cursor of another list', async () => {
    expect(await historyOf('99')).toMatchObject({ items: [], nextCursor: null, lookedThrough: 2 });
    const foreign = btoa(JSON.stringify(['job_00000000000000000000000000']));
    const answer = await program.call('GET', api(`datasets/people/records/1/history?cursor=${foreign}`));
    expectStatus(answer, 400);
  });
});

describe('the page of a record', () => {
  const at = (key: string) => `/p/${program.programId}/datasets/people/record?key=${key}`;

  it('shows fields and where they went; the values on demand, on record', async () => {
    const visitor = await signedIn(url, program.key);
    const closed = await visitor.get(at('1'));
    expect(closed.status).toBe(200);
    expect(closed.html).toContain('<caption>Fields updated in version 2</caption>');
    expect(closed.html).toContain('deliveries: 1 delivered');
    expect(closed.html).not.toContain('Anna');
    const open = await visitor.post(`/p/${program.programId}/datasets/people/record`, { key: '1' });
    expect(open.html).toMatch(/data-label="Before">Ann<\/td><td data-label="After">Anna<\/td>/);
    expect(open.headers.get('cache-control')).toBe('no-store');
    const { body } = await program.call('GET', api('audit'));
    expect(body.items[0]).toMatchObject({ action: 'record.shown', target: 'people/1' });
  });

  it('says who deleted it, and is 404 for a key that nothing is known of', async () => {
    const visitor = await signedIn(url, program.key);
    const deleted = await visitor.get(at('3'));
    expect(deleted.status).toBe(200);
    expect(deleted.html).toContain('Deleted by');
    expect((await visitor.get(at('99'))).status).toBe(404);
  });
});

describe('a dataset', () => {
  it('is a file for a spreadsheet, on record, and shows how it grew', async () => {
    const answer = await program.call('GET', api('datasets/people/records.csv'));
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="people.csv"');
    const lines = answer.text.replace('\ufeff', '').trimEnd().split('\r\n');
    expect([lines[0], lines.slice(1).sort()]).toEqual(['_key,id,name,_more', ['1,1,Anna,', '2,2,Bob,']]);
    const { body } = await program.call('GET', api('audit'));
    expect(body.items[0]).toMatchObject({ action: 'dataset.exported', target: 'people' });
    expect((await program.call('GET', api('datasets/people'))).body).toMatchObject({ recordCount: 2 });
    expectStatus(await program.call('GET', api('datasets/nothing')), 404);
    const visitor = await signedIn(url, program.key);
    const { html } = await visitor.get(`/p/${program.programId}/datasets/people`);
    expect(html).toContain('<title>2 now, 3 4 jobs before</title>');
    const file = await visitor.get(`/p/${program.programId}/datasets/people/records.csv`);
    expect([file.status, file.html.split('\r\n').length]).toEqual([200, 4]);
  });
});
