import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import {
  caller,
  dropAndCall,
  expectStatus,
  localSystemKey,
  newProgram,
  peopleTask,
  until,
} from '../support/client.ts';

let hub: Hub;

beforeAll(async () => {
  hub = await startHub({ vars: { MAX_DATABASE_BYTES: '100000' } });
});
afterAll(() => hub.stop());

it('refuses new jobs with 507 when the database is nearly full, and tells the staff once', async () => {
  const program = await newProgram(hub.url);
  const path = `/api/programs/${program.programId}/tasks/warehouse`;
  expectStatus(await program.call('PUT', path, { body: peopleTask }), 200);
  const answer = await dropAndCall(program, 'warehouse', 'people.csv', 'id,name\n1,Ann\n');
  expect(expectStatus(answer, 507).body).toMatchObject({ code: 'storage_full', status: 507 });
  const system = caller(hub.url, localSystemKey);
  expectStatus(await system('POST', '/dev/sweep'), 200);
  expectStatus(await system('POST', '/dev/sweep'), 200);
  const mails = await until(
    async () => hub.mails().filter((mail) => mail.text.includes('The database is')),
    (all) => all.length > 0 && all[0]?.text !== '',
  );
  expect(mails).toHaveLength(1);
  expect(mails[0]?.to).toBe('staff@crosswalk.example');
});
