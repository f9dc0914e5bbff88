import { gzipSync } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  mailsTo,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

async function programWithTask(task: Record<string, unknown> = {}): Promise<TestProgram> {
  const program = await newProgram(url);
  const path = `/api/programs/${program.programId}/tasks/warehouse`;
  expectStatus(await program.call('PUT', path, { body: { ...peopleTask, ...task } }), 200);
  return program;
}

const people = 'id,name\n1,Ann\n2,Bob\n3,"Cy, D."\n';

describe('POST /api/webhook/{job}', () => {
  it('names the jobs there are when the job is unknown', async () => {
    const program = await programWithTask();
    const answer = await program.call('POST', '/api/webhook/degrees', { body: { filename: 'x.csv' } });
    expectStatus(answer, 400);
    expect(answer.body).toMatchObject({ code: 'unknown_job', success: false, status: 400 });
    expect(answer.body.detail).toContain('warehouse');
  });

  it('asks for a missing file name', async () => {
    const program = await programWithTask();
    for (const body of [{}, { filename: '' }, { filename: null }, { filename: 7 }]) {
      const answer = expectStatus(await program.call('POST', '/api/webhook/warehouse', { body }), 400);
      expect(answer.body).toMatchObject({ code: 'filename_required', success: false });
    }
  });

  it.each(['warehouse/people.csv', '../people.csv', 'a\\b.csv', '..', 'a\u0000b.csv', '/etc/passwd'])(
    'refuses the path %j as a file name',
    async (filename) => {
      const program = await programWithTask();
      const answer = await program.call('POST', '/api/webhook/warehouse', { body: { filename } });
      expectStatus(answer, 400);
      expect(answer.body).toMatchObject({ code: 'filename_invalid', success: false });
    },
  );

  it('says that a file is not in the folder', async () => {
    const program = await programWithTask();
    const body = { filename: 'nothing.csv' };
    const answer = expectStatus(await program.call('POST', '/api/webhook/warehouse', { body }), 400);
    expect(answer.body).toMatchObject({ code: 'file_not_found', success: false });
    expect(answer.body.detail).toContain('warehouse');
  });

  it.each([
    ['http on a public host', 'http://school.example/done', 'url_scheme'],
    ['a private host', 'https://intranet/done', 'url_private_host'],
    ['a private address', 'https://10.0.0.7/done', 'url_address_literal'],
    ['a decimal address', 'https://167772167/done', 'url_address_literal'],
    ['credentials', 'https://me:secret@school.example/done', 'url_credentials'],
    ['no URL', 'school.example', 'url_malformed'],
    ['a line end', 'https://school.example/\r\nHost: x', 'url_malformed'],
  ])('refuses a notification URL with %s', async (_, notifyWebhook, code) => {
    const program = await programWithTask();
    const answer = await dropAndCall(program, 'warehouse', 'people.csv', people, { notifyWebhook });
    expectStatus(answer, 400);
    expect(answer.body).toMatchObject({ code: 'notify_address_invalid', success: false });
    expect(answer.body.errors).toMatchObject([{ path: 'notifyWebhook', code }]);
    expect(answer.text).not.toContain('secret');
  });

  it.each(['not-an-address', 'a@b.example\r\nBcc: c@d.example', 'Ann <ann@school.example>', 'a@@b.example'])(
    'refuses the e-mail address %j',
    async (notifyEmail) => {
      const program = await programWithTask();
      const answer = await dropAndCall(program, 'warehouse', 'people.csv', people, { notifyEmail });
      expectStatus(answer, 400);
      expect(answer.body.code).toBe('notify_address_invalid');
    },
  );

  it('refuses eleven addresses, counting both spellings together and repeats once', async () => {
    const program = await programWithTask();
    const emails = Array.from({ length: 10 }, (_, i) => `p${i}@school.example`);
    const many = { notifyEmail: 'one-more@school.example', notificationSettings: { emails } };
    const refused = await dropAndCall(program, 'warehouse', 'people.csv', people, many);
    expect(expectStatus(refused, 400).body.code).toBe('too_many_addresses');
    const same = { notifyEmail: 'P3@school.example', notificationSettings: { emails } };
    const taken = await dropAndCall(program, 'warehouse', 'people.csv', people, same);
    const { jobId } = expectStatus(taken, 200).body;
    expect((await jobEnded(program.call, jobId)).notification.recipients).toBe(10);
  });

  it('takes the key in the body, in any letter case, and says 401 without one', async () => {
    const program = await programWithTask();
    const anonymous = caller(url, null);
    const path = '/api/webhook/warehouse';
    expectStatus(await anonymous('POST', path, { body: { filename: 'x.csv' } }), 401);
    expectStatus(
      await anonymous('POST', path, { body: { filename: 'x.csv', apiKey: 'wrong-wrong-wrong-wrong' } }),
      401,
    );
    for (const name of ['apiKey', 'apikey', 'APIKEY']) {
      const body = { filename: 'x.csv', [name]: program.key };
      expect(expectStatus(await anonymous('POST', path, { body }), 400).body.code).toBe('file_not_found');
    }
  });

  it('takes a system key that names the program, and no other way', async () => {
    const program = await programWithTask();
    const system = caller(url, localSystemKey);
    const body = { filename: 'x.csv' };
    expect((await system('POST', '/api/webhook/warehouse', { body })).body.code).toBe('program_required');
    const named = await system('POST', `/api/webhook/warehouse?program=${program.programId}`, { body });
    expect(expectStatus(named, 400).body.code).toBe('file_not_found');
    expectStatus(await system('POST', '/api/webhook/warehouse?program=nobody', { body }), 404);
  });

  it('answers with the contract’s members, and makes the records', async () => {
    const program = await programWithTask();
    const answer = expectStatus(await dropAndCall(program, 'warehouse', 'people.csv', people), 200);
    expect(Object.keys(answer.body)).toEqual([
      'success',
      'jobId',
      'job',
      'filename',
      'size',
      'etag',
      'status',
      'statusUrl',
    ]);
    expect(answer.body).toMatchObject({
      success: true,
      job: 'warehouse',
      size: people.length,
      status: 'queued',
    });
    const job = await jobEnded(program.call, answer.body.jobId);
    expect(job).toMatchObject({
      status: 'succeeded',
      rows: { read: 3, rejected: 0, inserted: 3, updated: 0, unchanged: 0, deleted: 0 },
      progress: { percent: 100 },
    });
    const record = await program.call('GET', `/api/programs/${program.programId}/datasets/people/records/3`);
    expect(expectStatus(record, 200).body).toMatchObject({ data: { id: 3, name: 'Cy, D.' }, version: 1 });
  });

  it('gives the same job to the same file version while it is unfinished, and joins the addresses', async () => {
    const program = await programWithTask();
    const first = await dropAndCall(program, 'warehouse', 'a.csv', people);
    const path = '/api/webhook/warehouse';
    // A second file of the same dataset waits behind the first, so its job is unfinished for sure.
    const put = `/api/programs/${program.programId}/files/warehouse/b.csv`;
    expectStatus(await program.call('PUT', put, { body: people }), 201);
    const calls = await Promise.all(
      ['one', 'two', 'three'].map((name) =>
        program.call('POST', path, { body: { filename: 'b.csv', notifyEmail: `${name}@school.example` } }),
      ),
    );
    const ids = new Set(calls.map((call) => expectStatus(call, 200).body.jobId));
    await jobEnded(program.call, first.body.jobId);
    const jobs = await Promise.all([...ids].map((jobId) => jobEnded(program.call, jobId)));
    expect(jobs.map((job) => job.notification.recipients).reduce((a, b) => a + b)).toBe(3);
    const duplicates = calls.filter((call) => call.body.duplicate === true);
    expect(duplicates.length).toBe(3 - ids.size);
  });
});

describe('a job', () => {
  it('tells its end once to webhook and e-mail, signed, with the id of the call', async () => {
    const program = await programWithTask();
    const address = `${program.programId}@school.example`;
    const hook = `${receiver.url}/${program.programId}`;
    const settings = { notifyWebhook: hook, notificationSettings: { emails: [address] } };
    const answer = await dropAndCall(program, 'warehouse', 'people.csv', people, settings);
    const { jobId } = expectStatus(answer, 200).body;
    const job = await jobEnded(program.call, jobId);
    const told = await until(
      async () => receiver.received.filter((one) => one.path.includes(program.programId)),
      (all) => all.length > 0,
    );
    const secret = await program.call(
      'GET',
      `/api/programs/${program.programId}/webhooks/notification-secret`,
    );
    const [one] = told;
    const body = new Webhook(expectStatus(secret, 200).body.secret).verify(
      one?.body ?? '',
      one?.headers as Record<string, string>,
    );
    expect(body).toEqual({
      type: 'job.succeeded',
      timestamp: job.finishedAt,
      data: {
        success: true,
        jobId,
        job: 'warehouse',
        filename: 'people.csv',
        status: 'succeeded',
        attempts: 1,
        queuedAt: job.queuedAt,
        startedAt: job.startedAt,
        finishedAt: job.finishedAt,
        rows: job.rows,
        errorReportUrl: null,
        message: 'Done.',
      },
    });
    expect(one?.headers['webhook-id']).toBe(job.notification.messageId);
    const mails = await until(
      async () => mailsTo(inject('hubLog'), address),
      (all) => all.length > 0 && all[0]?.text !== '',
    );
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toContain(jobId);
    const ledger = await until(
      () => program.call('GET', `/api/programs/${program.programId}/deliveries?about=${jobId}`),
      ({ body: page }) => page.items.every((item: { status: string }) => item.status === 'delivered'),
    );
    expect(ledger.body.items).toHaveLength(2);
    expect(new Set(ledger.body.items.map((item: { messageId: string }) => item.messageId)).size).toBe(1);
  });

  it('finds everything unchanged when the same file comes again, and only the difference after an edit', async () => {
    const program = await programWithTask({ guards: { maxDeletePercent: 50, maxRowDropPercent: 50 } });
    const run = async (content: string) => {
      const answer = await dropAndCall(program, 'warehouse', 'people.csv', content);
      return jobEnded(program.call, expectStatus(answer, 200).body.jobId);
    };
    await run(people);
    const again = await run(people);
    expect(again.rows).toEqual({ read: 3, rejected: 0, inserted: 0, updated: 0, unchanged: 3, deleted: 0 });
    const edited = await run('id,name\n1,Ann\n2,Bobby\n4,Dee\n');
    expect(edited.rows).toEqual({ read: 3, rejected: 0, inserted: 1, updated: 1, unchanged: 1, deleted: 1 });
    const path = `/api/programs/${program.programId}/datasets/people/records`;
    const { body } = await program.call('GET', path);
    const byKey = Object.fromEntries(body.items.map((item: { key: string }) => [item.key, item]));
    expect(Object.keys(byKey).sort()).toEqual(['1', '2', '4']);
    expect(byKey['2']).toMatchObject({ data: { name: 'Bobby' }, version: 2, jobId: edited.jobId });
    expect(byKey['1']).toMatchObject({ version: 1 });
  });

  it('rejects a row with line, column and code, and keeps its neighbours', async () => {
    const program = await programWithTask({ guards: { maxRejectedPercent: 100 } });
    const content = 'id,name\n1,Ann\nx,Bob\n3,"Cy\n4,Dee\n5,Eve,extra\n6,Fay\n';
    const answer = await dropAndCall(program, 'warehouse', 'people.csv', content);
    const job = await jobEnded(program.call, expectStatus(answer, 200).body.jobId);
    expect(job.status).toBe('succeeded');
    expect(job.rows).toMatchObject({ read: 6, rejected: 3, inserted: 3 });
    expect(job.errors.map((error: { line: number; code: string }) => [error.line, error.code])).toEqual([
      [3, 'not_an_integer'],
      [4, 'unclosed_quote'],
      [6, 'long_row'],
    ]);
  });

  it('rejects the rows that share a unique value, whatever their keys are', async () => {
    const schema = { ...peopleTask.schema, uniqueKeys: [['name']] };
    const program = await programWithTask({ schema, guards: { maxRejectedPercent: 100 } });
    const content = 'id,name\n1,Ann\n2,Bob\n3,Ann\n4,Cy\n4,Cy\n5,\n6,\n';
    const answer = await dropAndCall(program, 'warehouse', 'people.csv', content);
    const job = await jobEnded(program.call, expectStatus(answer, 200).body.jobId);
    expect(job.rows).toEqual({ read: 7, rejected: 2, inserted: 4, updated: 0, unchanged: 1, deleted: 0 });
    expect(job.errors).toMatchObject([
      { line: 2, column: 'name', code: 'not_unique' },
      { line: 4, column: 'name', code: 'not_unique' },
    ]);
  });

  it('ends failed, with the dataset as it was, when the file is none', async () => {
    const program = await programWithTask();
    await dropAndCall(program, 'warehouse', 'people.csv', people).then(({ body }) =>
      jobEnded(program.call, body.jobId),
    );
    for (const [content, code] of [
      ['', 'empty_file'],
      ['%PDF-1.7 ...', 'pdf_file'],
      ['<!doctype html><html><body>Log in</body></html>', 'html_file'],
      ['name,city\nAnn,Paris\n', 'column_missing'],
    ] as const) {
      const answer = await dropAndCall(program, 'warehouse', 'people.csv', content);
      const job = await jobEnded(program.call, expectStatus(answer, 200).body.jobId);
      expect(job.status, JSON.stringify(job)).toBe('failed');
      expect(job.errors[0].code).toBe(code);
    }
    const { body } = await program.call('GET', `/api/programs/${program.programId}/datasets`);
    expect(body.items).toMatchObject([{ dataset: 'people', recordCount: 3, applying: null }]);
    const attention = await program.call('GET', `/api/programs/${program.programId}/attention`);
    expect(attention.body.items).toMatchObject([{ kind: 'job_failed', subject: 'warehouse', count: 4 }]);
  });

  it('is held when it would delete too much, and goes on or ends as a person decides', async () => {
    const program = await programWithTask();
    const run = async (content: string) => {
      const answer = await dropAndCall(program, 'warehouse', 'people.csv', content);
      const { jobId } = expectStatus(answer, 200).body;
      const job = await until(
        () => program.call('GET', `/api/jobs/${jobId}`),
        ({ body }) => body.finishedAt !== null || body.status === 'held',
      );
      return job.body;
    };
    await run(people);
    const held = await run('id,name\n1,Ann\n');
    expect(held).toMatchObject({ status: 'held', rows: { deleted: 2 } });
    const count = async () =>
      (await program.call('GET', `/api/programs/${program.programId}/datasets`)).body.items[0];
    expect(await count()).toMatchObject({ recordCount: 3 });
    const rejected = await program.call('POST', `/api/jobs/${held.jobId}/reject`);
    expect(expectStatus(rejected, 200).body).toMatchObject({ status: 'rejected', rows: { deleted: 0 } });
    expectStatus(await program.call('POST', `/api/jobs/${held.jobId}/approve`), 409);
    expect(await count()).toMatchObject({ recordCount: 3 });
    const again = await run('id,name\n1,Ann\n');
    const approve = () => program.call('POST', `/api/jobs/${again.jobId}/approve`);
    const answers = await Promise.all([approve(), approve(), approve()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const done = await jobEnded(program.call, again.jobId);
    expect(done).toMatchObject({ status: 'succeeded', rows: { deleted: 2, unchanged: 1 } });
    const audit = `/api/programs/${program.programId}/audit?action=job.approved`;
    const { items } = expectStatus(await program.call('GET', audit), 200).body;
    expect(items.map(({ target }: Body) => target)).toEqual([again.jobId]);
    expect(await count()).toMatchObject({ recordCount: 1 });
  });

  it('ends as the first of two people says who decide at once, and the second is told what that was', async () => {
    const program = await programWithTask();
    const run = async (content: string) => {
      const answer = await dropAndCall(program, 'warehouse', 'people.csv', content);
      return expectStatus(answer, 200).body.jobId as string;
    };
    await jobEnded(program.call, await run(people));
    for (const first of ['approve', 'reject', 'approve', 'reject']) {
      const jobId = await run('id,name\n1,Ann\n');
      const whole = await until(
        () => program.call('GET', `/api/jobs/${jobId}`),
        ({ body }) => body.finishedAt !== null || body.status === 'held',
      );
      expect(whole.body.status).toBe('held');
      const decide = async (verb: string) => ({
        verb,
        answer: await program.call('POST', `/api/jobs/${jobId}/${verb}`),
      });
      const both = await Promise.all([first, first === 'approve' ? 'reject' : 'approve'].map(decide));
      const [won, lost] = both.toSorted((a, b) => a.answer.status - b.answer.status);
      expect(both.map(({ answer }) => answer.status).sort()).toEqual([200, 409]);
      const approved = won?.verb === 'approve';
      expect(lost?.answer.body.detail).toMatch(
        approved ? /this one (was approved at |is succeeded)/ : /this one is (being rejected at|rejected)/,
      );
      const job = await jobEnded(program.call, jobId);
      expect(job.status).toBe(approved ? 'succeeded' : 'rejected');
      const audit = `/api/programs/${program.programId}/audit?target=${jobId}`;
      const acts = expectStatus(await program.call('GET', audit), 200).body.items;
      expect(acts.map(({ action }: Body) => action).filter((one: string) => /ed$/.test(one))).toContain(
        approved ? 'job.approved' : 'job.rejected',
      );
      expect(acts.map(({ action }: Body) => action)).not.toContain(
        approved ? 'job.rejected' : 'job.approved',
      );
      if (approved) await jobEnded(program.call, await run(people));
    }
  });

  it('changes nothing in a dry run, and says what it would have done', async () => {
    const program = await programWithTask();
    const answer = await dropAndCall(program, 'warehouse', 'people.csv', people, { dryRun: true });
    const job = await jobEnded(program.call, expectStatus(answer, 200).body.jobId);
    expect(job).toMatchObject({ status: 'succeeded', dryRun: true, rows: { inserted: 3 } });
    const changes = await program.call('GET', `/api/jobs/${job.jobId}/changes`);
    expect(expectStatus(changes, 200).body.items).toHaveLength(3);
    expect(changes.body.items[0]).toMatchObject({ kind: 'inserted', before: null });
    const { body } = await program.call('GET', `/api/programs/${program.programId}/datasets`);
    expect(body.items).toMatchObject([{ recordCount: 0 }]);
  });

  it('ends when it is cancelled while it waits', async () => {
    const program = await programWithTask();
    const run = async (content: string) =>
      expectStatus(await dropAndCall(program, 'warehouse', 'people.csv', content), 200).body.jobId;
    await jobEnded(program.call, await run(people));
    const held = await run('id,name\n1,Ann\n');
    await until(
      () => program.call('GET', `/api/jobs/${held}`),
      ({ body }) => body.status === 'held',
    );
    const cancelled = expectStatus(await program.call('POST', `/api/jobs/${held}/cancel`), 200);
    expect(cancelled.body.status).toBe('cancelled');
    expectStatus(await program.call('POST', `/api/jobs/${held}/cancel`), 409);
  });

  it('is hidden from other programs', async () => {
    const [mine, theirs] = await Promise.all([programWithTask(), newProgram(url)]);
    const { body } = await dropAndCall(mine, 'warehouse', 'people.csv', people);
    expectStatus(await theirs.call('GET', `/api/jobs/${body.jobId}`), 404);
    expectStatus(await theirs.call('POST', `/api/jobs/${body.jobId}/cancel`), 404);
    expectStatus(await theirs.call('GET', `/api/programs/${mine.programId}/jobs`), 404);
  });
});

describe('GET /api/jobs/{jobId}/errors.csv', () => {
  const broken = 'id,name\n1,Ann\nx,"Bob, B."\n3,Cy\n3,Cyd\n4,Dee,extra\n';

  async function runBroken(program: TestProgram) {
    const answer = await dropAndCall(program, 'warehouse', 'people.csv', broken);
    return jobEnded(program.call, expectStatus(answer, 200).body.jobId);
  }

  it('holds the rejected rows in the file’s own columns, and corrected it is a correction', async () => {
    const program = await programWithTask({ guards: { maxRejectedPercent: 100 } });
    const job = await runBroken(program);
    expect(job.rows).toMatchObject({ read: 5, rejected: 4, inserted: 1 });
    const report = await program.call('GET', `/api/jobs/${job.jobId}/errors.csv`);
    expectStatus(report, 200);
    expect(report.headers.get('content-disposition')).toContain('people.csv.errors.csv');
    const lines = report.text.split('\r\n');
    expect(lines[0]).toBe('_job,_line,_code,_message,id,name');
    expect(lines).toHaveLength(6);
    expect(lines[1]).toContain(`${job.jobId},3,not_an_integer,`);
    expect(lines[1]).toMatch(/,x,"Bob, B\."$/);
    expect(lines.slice(3, 5).map((line) => line.split(',')[2])).toEqual(['key_conflict', 'key_conflict']);
    const corrected = [lines[0], lines[1]?.replace(',x,', ',2,'), lines[3], ''].join('\r\n');
    const again = await dropAndCall(program, 'warehouse', 'people.errors.csv', corrected);
    const correction = await jobEnded(program.call, expectStatus(again, 200).body.jobId);
    expect(correction, JSON.stringify(correction)).toMatchObject({
      status: 'succeeded',
      rows: { read: 2, rejected: 0, inserted: 2, deleted: 0 },
    });
    const outdated = await dropAndCall(program, 'warehouse', 'people.errors.csv', corrected);
    const late = await jobEnded(program.call, expectStatus(outdated, 200).body.jobId);
    expect(late).toMatchObject({ status: 'failed', errors: [{ code: 'correction_outdated' }] });
  });

  it('is empty but for its header when nothing was rejected', async () => {
    const program = await programWithTask();
    const answer = await dropAndCall(program, 'warehouse', 'people.csv', people);
    const job = await jobEnded(program.call, expectStatus(answer, 200).body.jobId);
    const report = await program.call('GET', `/api/jobs/${job.jobId}/errors.csv`);
    expect(expectStatus(report, 200).text).toBe('_job,_line,_code,_message,id,name\r\n');
  });
});

describe('a file that is not plain CSV', () => {
  const rows = [
    { id: 1, name: 'Ann' },
    { id: 2, name: 'Bób' },
  ];
  const asCsv = `id;name\r\n${rows.map(({ id, name }) => `${id};${name}`).join('\r\n')}\r\n`;
  const utf16 = Buffer.from(`\ufeff${asCsv}`, 'utf16le');

  it.each([
    ['JSON Lines', Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')), 'jsonl'],
    ['a JSON array', Buffer.from(JSON.stringify(rows)), 'json'],
    ['gzipped CSV', gzipSync(asCsv), 'csv'],
    ['UTF-16 with semicolons', utf16, 'csv'],
    ['Windows-1252', Buffer.from(asCsv, 'latin1'), 'csv'],
    ['UTF-8 with a byte-order mark', Buffer.from(`\ufeff${asCsv}`), 'csv'],
  ])('is read as it is: %s', async (_, content, format) => {
    const program = await programWithTask();
    const answer = await dropAndCall(program, 'warehouse', 'people.data', content);
    const job = await jobEnded(program.call, expectStatus(answer, 200).body.jobId);
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded', decisions: { format } });
    expect(job.rows).toMatchObject({ read: 2, inserted: 2 });
    const record = await program.call('GET', `/api/programs/${program.programId}/datasets/people/records/2`);
    expect(record.body.data).toEqual({ id: 2, name: 'Bób' });
  });

  it.each([
    ['a gzip file cut off', gzipSync(asCsv.repeat(500)).subarray(0, 60), 'gzip_broken'],
    ['a file compressed twice', gzipSync(gzipSync(asCsv)), 'nested_gzip'],
    ['a bomb', gzipSync(Buffer.alloc(30_000_000, 'a')), 'gzip_too_large'],
  ])('ends failed, and says why: %s', async (_, content, code) => {
    const program = await programWithTask();
    const answer = await dropAndCall(program, 'warehouse', 'people.csv.gz', content);
    const job = await jobEnded(program.call, expectStatus(answer, 200).body.jobId);
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'failed', errors: [{ code }] });
  });
});
