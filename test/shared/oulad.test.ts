import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { dropAndCall, expectStatus, jobEnded, newProgram, type TestProgram } from '../support/client.ts';

const data = new URL('../../../shared/data/oulad/', import.meta.url).pathname;

let hub: Hub;
let program: TestProgram;

const text = (name: string) => ({ name, type: 'string' });
const whole = (name: string) => ({ name, type: 'integer' });

const feeds = {
  studentInfo: {
    rows: 32_593,
    schema: {
      fields: [
        ...['code_module', 'code_presentation'].map(text),
        whole('id_student'),
        ...['gender', 'region', 'highest_education', 'imd_band', 'age_band'].map(text),
        ...['num_of_prev_attempts', 'studied_credits'].map(whole),
        ...['disability', 'final_result'].map(text),
      ],
      primaryKey: ['code_module', 'code_presentation', 'id_student'],
    },
  },
  assessments: {
    rows: 206,
    schema: {
      fields: [
        ...['code_module', 'code_presentation'].map(text),
        whole('id_assessment'),
        text('assessment_type'),
        whole('date'),
        { name: 'weight', type: 'number' },
      ],
      primaryKey: 'id_assessment',
    },
  },
  courses: {
    rows: 22,
    schema: {
      fields: [...['code_module', 'code_presentation'].map(text), whole('module_presentation_length')],
      primaryKey: ['code_module', 'code_presentation'],
    },
  },
};

beforeAll(async () => {
  hub = await startHub();
  program = await newProgram(hub.url);
});
afterAll(() => hub.stop());

describe.each(Object.entries(feeds))('the university feed %s', (name, { rows, schema }) => {
  it('runs with exact counts, and again with everything unchanged', async () => {
    const task = { folder: 'warehouse', dataset: name, mode: 'full', schema };
    const path = `/api/programs/${program.programId}/tasks/${name}`;
    expectStatus(await program.call('PUT', path, { body: task }), 200);
    const content = readFileSync(`${data}${name}.csv`);
    const run = async () => {
      const { body } = expectStatus(await dropAndCall(program, name, `${name}.csv`, content), 200);
      return jobEnded(program.call, body.jobId, 60);
    };
    const first = await run();
    const counts = { read: rows, rejected: 0, updated: 0, deleted: 0 };
    expect(first, JSON.stringify(first)).toMatchObject({
      status: 'succeeded',
      rows: { ...counts, inserted: rows, unchanged: 0 },
    });
    expect((await run()).rows).toEqual({ ...counts, inserted: 0, unchanged: rows });
  });
});

it('keeps what a real row says', async () => {
  const path = `/api/programs/${program.programId}/datasets/studentInfo/records/AAA~2013J~11391`;
  expect(expectStatus(await program.call('GET', path), 200).body.data).toMatchObject({
    id_student: 11391,
    imd_band: '90-100%',
    age_band: '55<=',
    final_result: 'Pass',
  });
});
