import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { dropAndCall, expectStatus, jobEnded, newProgram, type TestProgram } from '../support/client.ts';
import { seeded } from '../support/crash.ts';
import { type StoredRecords, storedRecords } from '../support/database.ts';

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
  studentAssessment: {
    rows: 173_912,
    schema: {
      fields: [
        whole('id_assessment'),
        whole('id_student'),
        whole('date_submitted'),
        whole('is_banked'),
        whole('score'),
      ],
      primaryKey: ['id_assessment', 'id_student'],
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

// Longer than the suite's own limit: a busy machine takes minutes over 174,000 rows.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.each(Object.entries(feeds))('the university feed %s', (name, { rows, schema }) => {
  it('runs with exact counts, and again with everything unchanged', async () => {
    const task = { folder: 'warehouse', dataset: name, mode: 'full', schema };
    const path = `/api/programs/${program.programId}/tasks/${name}`;
    expectStatus(await program.call('PUT', path, { body: task }), 200);
    const content = readFileSync(`${data}${name}.csv`);
    const run = async () => {
      const { body } = expectStatus(await dropAndCall(program, name, `${name}.csv`, content), 200);
      return jobEnded(program.call, body.jobId, 280);
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

/** A file in another order, about every 50th row changed in one column, every 90th left out, and 40 new ones. */
function mutate(content: string, columns: { key: number; changed: number; to: string }) {
  const random = seeded(4);
  const [header = '', ...lines] = content.split('\n').filter((line) => line !== '');
  const kept: string[] = [];
  const [updated, deleted, inserted] = [new Set<number>(), new Set<number>(), new Set<string>()];
  for (const [i, line] of lines.entries()) {
    const cells = line.trimEnd().split(',');
    const dice = random();
    if (dice < 1 / 90) {
      deleted.add(i);
      continue;
    }
    if (dice > 1 - 1 / 50 && cells[columns.changed] !== columns.to) {
      cells[columns.changed] = columns.to;
      updated.add(i);
    }
    kept.push(cells.join(','));
    if (inserted.size < 40 && dice > 0.5 && dice < 0.52) {
      const id = `"9${String(inserted.size).padStart(8, '0')}"`;
      inserted.add(id);
      kept.push(cells.map((cell, at) => (at === columns.key ? id : cell)).join(','));
    }
  }
  return {
    content: `${header}\n${kept.reverse().join('\n')}\n`,
    rows: {
      read: kept.length,
      rejected: 0,
      inserted: inserted.size,
      updated: updated.size,
      unchanged: kept.length - inserted.size - updated.size,
      deleted: deleted.size,
    },
  };
}

/**
 * Reading 200,000 rows holds this process for seconds, in which the hub closes idle connections: the event loop
 * has to hear of that before the next call takes one.
 */
async function stored(): Promise<StoredRecords> {
  const records = storedRecords(hub, program.programId);
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  return records;
}

describe.each([
  ['studentInfo', { key: 2, changed: 11, to: '"Mutated"' }],
  ['studentAssessment', { key: 1, changed: 4, to: '"101"' }],
] as const)('the university feed %s, mutated', (name, columns) => {
  it('has its inserts, updates and deletes reported exactly, and is undone to the byte', async () => {
    const path = `${data}${name}.csv`;
    const before = await stored();
    const mutated = mutate(readFileSync(path, 'utf8'), columns);
    const { body } = expectStatus(await dropAndCall(program, name, `${name}.csv`, mutated.content), 200);
    const job = await jobEnded(program.call, body.jobId, 300);
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded', rows: mutated.rows });
    const after = await stored();
    const { inserted, updated, deleted } = mutated.rows;
    expect(after.count).toBe(before.count + inserted - deleted);
    expect(after.byJob[body.jobId]).toBe(inserted + updated);
    expect(after.dataDigest).not.toBe(before.dataDigest);
    const undo = expectStatus(await program.call('POST', `/api/jobs/${body.jobId}/undo`), 200).body;
    const undone = await jobEnded(program.call, undo.jobId, 300);
    expect(undone.rows).toMatchObject({ inserted: deleted, updated, deleted: inserted });
    expect(await stored()).toMatchObject({
      count: before.count,
      dataDigest: before.dataDigest,
    });
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
