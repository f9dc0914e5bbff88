import { expect, it } from 'vitest';
import { signedIn } from '../../support/browser.ts';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  type TestProgram,
  until,
} from '../../support/client.ts';
import { feed, feedTask } from '../../support/crash.ts';
import { storedRecords } from '../../support/database.ts';
import { stage } from '../../support/stage.ts';

/** Ten records changed, five new, and fifty of sixty gone: held by the guard. */
const shrunken = `${feed(0, 10, 1)}${feed(100, 105).split('\n').slice(1).join('\n')}`;

async function holdOne(program: TestProgram): Promise<Body> {
  const called = await dropAndCall(program, 'guarded', 'guarded.csv', shrunken);
  const { jobId } = expectStatus(called, 200).body;
  return until(
    async () => (await program.call('GET', `/api/jobs/${jobId}`)).body,
    ({ status }) => status === 'held',
  );
}

/** What the job's page says: its sentence, its sample as key and change, and what approving would do. */
function saidBy(html: string) {
  const table = /<caption>The first changes.*?<\/table>/s.exec(html)?.[0] ?? '';
  return {
    verdict: /class="verdict[^>]*>.*?<span>(.*?)<\/span>/s.exec(html)?.[1] ?? '',
    effect: /This inserts (\d+), changes (\d+) and deletes (\d+) records/.exec(html)?.slice(1).map(Number),
    sample: [
      ...table.matchAll(/<th scope="row"[^>]*>(?:<a [^>]*>)?([^<]*)(?:<\/a>)?<\/th><td[^>]*>([^<]*)<\/td>/g),
    ].map(([, key = '', change = '']): [string, string] => [key, change]),
  };
}

export function testDecisions(): void {
  it('rejected, a held job leaves the dataset as it was, to the byte; approved by two, it acts once and as shown (A16)', async () => {
    const program = await newProgram(stage.hub.url);
    const task = `/api/programs/${program.programId}/tasks/guarded`;
    expectStatus(await program.call('PUT', task, { body: feedTask }), 200);
    const first = await dropAndCall(program, 'guarded', 'guarded.csv', feed(0, 60));
    await jobEnded(program.call, expectStatus(first, 200).body.jobId);
    const before = storedRecords(stage.hub, program.programId);
    expect(before.count).toBe(60);
    const [anna, ben] = await Promise.all([
      signedIn(stage.hub.url, program.key),
      signedIn(stage.hub.url, program.key),
    ]);
    const at = (jobId: string, verb = '') => `/p/${program.programId}/jobs/${jobId}${verb}`;

    const refused = await holdOne(program);
    expect((await anna.post(at(refused.jobId, '/reject'))).status).toBe(303);
    expect((await jobEnded(program.call, refused.jobId)).status).toBe('rejected');
    expect(storedRecords(stage.hub, program.programId)).toEqual(before);
    expect((await ben.post(at(refused.jobId, '/approve'))).status).toBe(409);

    const held = await holdOne(program);
    const page = saidBy((await anna.get(at(held.jobId))).html);
    expect(page.verdict).toMatch(/^Held: .*50 of 60 records would be deleted \(83\.3 %\)/);
    expect(page.effect).toEqual([5, 10, 50]);
    expect(page.sample).toHaveLength(20);
    const answers = await Promise.all([anna, ben].map((one) => one.post(at(held.jobId, '/approve'))));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
    const ended = await jobEnded(program.call, held.jobId);
    expect([ended.rows.inserted, ended.rows.updated, ended.rows.deleted]).toEqual(page.effect);
    for (const [key, change] of page.sample) {
      const path = `/api/programs/${program.programId}/datasets/people/records/${key}`;
      const { status, body } = await program.call('GET', path);
      const became = status === 404 ? 'deleted' : body.data.name.endsWith(', 1') ? 'updated' : 'inserted';
      expect([key, became]).toEqual([key, change.replace(/e?d?$/, 'ed')]);
    }
    const { body } = await program.call('GET', `/api/programs/${program.programId}/audit`);
    const approvals = body.items.filter(({ action }: Body) => action === 'job.approved');
    expect(approvals).toHaveLength(1);
    expect(storedRecords(stage.hub, program.programId).byJob[held.jobId]).toBe(15);
  });
}
