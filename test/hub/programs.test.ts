import { randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import {
  type Answer,
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
} from '../support/client.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);
const freshId = () => `t-${randomBytes(8).toString('hex')}`;

const create = (body: Body): Promise<Answer> =>
  system('POST', '/api/programs', { body: { programId: freshId(), name: 'A school', ...body } });

const change = ({ call, programId }: TestProgram, body: Body): Promise<Answer> =>
  call('PATCH', `/api/programs/${programId}`, { body });

const pathsOf = (answer: Answer): string[] => answer.body.errors.map((issue: { path: string }) => issue.path);

describe('POST /api/programs', () => {
  it('makes a program with everything that was not said', async () => {
    const programId = freshId();
    const answer = expectStatus(await create({ programId }), 201);
    expect(answer.headers.get('location')).toBe(`/api/programs/${programId}`);
    expect(answer.body).toMatchObject({
      programId,
      name: 'A school',
      timeZone: 'UTC',
      contacts: { emails: [], webhook: null },
      staff: null,
      nightlySync: { enabled: false, atLocalTime: '02:00' },
      learningBuilder: null,
      bucket: `private-${programId}`,
      retention: {
        files: 30,
        staged: 7,
        beforeImages: 30,
        events: 400,
        deliveries: 90,
        jobs: 90,
        exports: 90,
      },
    });
    expect(answer.body.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect((await system('GET', `/api/programs/${programId}`)).body).toEqual(answer.body);
  });

  it.each([
    ['of 26 characters', 'abcdefghijklmnopqrstuvwxyz'],
    ['that is empty', ''],
    ['with a space', 'a school'],
    ['with a dot', 'school.example'],
    ['with a slash', 'a/b'],
    ['with an umlaut', 'schüle'],
    ['with a line end after it', 'school\n'],
    ['that looks like a job id', 'job_x'],
    ['that looks like a key id', 'key_1'],
    ['that looks like an id of five letters', 'abcde_1'],
    ['that is a number', 5],
    ['that is null', null],
  ])('refuses a programId %s', async (_, programId) => {
    const answer = expectStatus(await create({ programId }), 400);
    expect(answer.body.code).toBe('invalid_input');
    expect(pathsOf(answer)).toEqual(['programId']);
  });

  it('takes a programId of 25 characters, with "_" and "-"', async () => {
    const programId = `A_b-${randomBytes(10).toString('hex')}0`;
    expect(programId).toHaveLength(25);
    expectStatus(await create({ programId }), 201);
  });

  it('refuses a programId that differs from another by case alone', async () => {
    const programId = freshId();
    expectStatus(await create({ programId }), 201);
    for (const again of [programId, programId.toUpperCase()]) {
      expect(expectStatus(await create({ programId: again }), 409).body.code).toBe('conflict');
    }
  });

  it('lets one of many through at the same time', async () => {
    const programId = freshId();
    const answers = await Promise.all(
      [programId, programId.toUpperCase(), programId, programId].map((id) => create({ programId: id })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it('gives each id a legal bucket of its own, however it has to be bent', async () => {
    const tag = randomBytes(4).toString('hex');
    const ids = [`A_${tag}`, `a-${tag}_`, `a--${tag}`, `-${tag}`, `${tag}`, `_${tag}`];
    const buckets: string[] = [];
    for (const programId of ids) buckets.push(expectStatus(await create({ programId }), 201).body.bucket);
    expect(new Set(buckets).size).toBe(ids.length);
    for (const bucket of buckets) expect(bucket).toMatch(/^(?!.*--)private-[a-z0-9-]{1,55}(?<!-)$/);
  });

  it('needs a name', async () => {
    for (const name of [undefined, '', '   ', 5, 'x'.repeat(201)]) {
      expect(pathsOf(expectStatus(await create({ name }), 400))).toEqual(['name']);
    }
  });

  it('names unknown members, also those inside others', async () => {
    const answer = await create({
      timezone: 'UTC',
      contacts: { email: 'a@b.example' },
      retention: { Files: 1 },
    });
    expectStatus(answer, 400);
    expect(pathsOf(answer).sort()).toEqual(['contacts.email', 'retention.Files', 'timezone']);
    expect(answer.body.errors[0].code).toBe('unknown_member');
  });

  it('is not moved by members that JavaScript treats specially', async () => {
    const programId = freshId();
    const body = `{"programId":"${programId}","name":"x","__proto__":{"staff":{"emails":["a@b.example"]}}}`;
    const answer = await system('POST', '/api/programs', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    if (answer.status === 201) expect(answer.body.staff).toBeNull();
    else expectStatus(answer, 400);
  });
});

describe('a time zone', () => {
  it.each(['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'UTC', 'Etc/GMT+5', 'america/new_york'])(
    'may be %s',
    async (timeZone) => {
      expect(expectStatus(await create({ timeZone }), 201).body.timeZone).toBe(timeZone);
    },
  );

  it.each([
    '',
    'Mars/Olympus',
    '+05:00',
    '-0500',
    'GMT+5',
    'New York',
    'Europe/Berlin ',
    'UTC\n',
    'x'.repeat(65),
    5,
    null,
  ])('is never %j', async (timeZone) => {
    expect(new Set(pathsOf(expectStatus(await create({ timeZone }), 400)))).toEqual(new Set(['timeZone']));
  });
});

describe('contacts', () => {
  const emails = (count: number) => Array.from({ length: count }, (_, n) => `person${n}@school.example`);

  it('are at most ten addresses', async () => {
    const program = await newProgram(url);
    expectStatus(await change(program, { contacts: { emails: emails(10) } }), 200);
    const answer = expectStatus(await change(program, { contacts: { emails: emails(11) } }), 400);
    expect(pathsOf(answer)).toEqual(['contacts.emails']);
  });

  it.each([
    'nobody',
    'a@b',
    'a@school.example\r\nBcc: all@school.example',
    'a@school.example\n',
    'a\u0000@school.example',
    'Ada <ada@school.example>',
    '"a b"@school.example',
    'a@b@school.example',
    'a@school.example, b@school.example',
    ' a@school.example',
    'a@[127.0.0.1]',
    `${'x'.repeat(250)}@school.example`,
    '',
  ])('are addresses and nothing more: %j', async (address) => {
    const program = await newProgram(url);
    const answer = expectStatus(
      await change(program, { contacts: { emails: ['ok@school.example', address] } }),
      400,
    );
    expect(pathsOf(answer)).toContain('contacts.emails[1]');
  });

  it.each([
    ['plain http', 'http://school.example/done'],
    ['a private address', 'https://192.168.1.1/done'],
    ['the metadata service', 'https://169.254.169.254/'],
    ['a private name', 'https://db.internal/'],
    ['credentials', 'https://user:secret@school.example/done'],
    ['another port', 'https://school.example:22/'],
    ['a line end', 'https://school.example/\r\nx-injected: 1'],
    ['no URL', 'school.example'],
    ['nothing', ''],
  ])('have no webhook with %s', async (_, webhook) => {
    const program = await newProgram(url);
    for (const settings of [
      { contacts: { webhook } },
      { learningBuilder: { baseUrl: webhook, apiKey: 'k' } },
    ]) {
      const answer = expectStatus(await change(program, settings), 400);
      expect(answer.body.code).toBe('url_not_allowed');
      expect(answer.text).not.toContain('secret');
    }
    expectStatus(
      await system('PATCH', `/api/programs/${program.programId}`, { body: { staff: { webhook } } }),
      400,
    );
  });
});

describe('staff', () => {
  const staff = { emails: ['ops@hub.example'], webhook: null };

  it('are named by system keys alone', async () => {
    const program = await newProgram(url);
    expect(expectStatus(await change(program, { staff }), 403).body.code).toBe('forbidden');
    expectStatus(await change(program, { staff: null }), 403);
    const path = `/api/programs/${program.programId}`;
    expect(expectStatus(await system('PATCH', path, { body: { staff } }), 200).body.staff).toEqual(staff);
    expect(expectStatus(await program.call('GET', path), 200).body.staff).toEqual(staff);
    expect(expectStatus(await system('PATCH', path, { body: { staff: null } }), 200).body.staff).toBeNull();
  });
});

describe('retention', () => {
  it('is whole days from 1 to 3,650', async () => {
    const program = await newProgram(url);
    for (const files of [0, -1, 1.5, 3_651, '30', null]) {
      const answer = expectStatus(await change(program, { retention: { files } }), 400);
      expect(pathsOf(answer)).toEqual(['retention.files']);
    }
    expectStatus(await change(program, { retention: { files: 1, audit: 3_650 } }), 200);
  });

  it('keeps what a change does not name', async () => {
    const program = await newProgram(url, { retention: { files: 5 } });
    const { body } = expectStatus(await change(program, { retention: { jobs: 6 } }), 200);
    expect(body.retention).toMatchObject({ files: 5, jobs: 6, events: 400 });
  });
});

describe('learningBuilder', () => {
  const baseUrl = 'https://lb.example/tenant';

  it('never gives its key back', async () => {
    const apiKey = `lb-${randomBytes(12).toString('hex')}`;
    const created = expectStatus(await create({ learningBuilder: { baseUrl, apiKey } }), 201);
    expect(created.body.learningBuilder).toEqual({ baseUrl, hasApiKey: true });
    const { programId } = created.body;
    const path = `/api/programs/${programId}`;
    const renamed = await system('PATCH', path, { body: { name: 'x' } });
    for (const answer of [
      created,
      renamed,
      await system('GET', path),
      await system('GET', `${path}/audit`),
    ]) {
      expect(answer.text).not.toContain(apiKey);
    }
  });

  it('keeps its key while the host stays', async () => {
    const program = await newProgram(url, { learningBuilder: { baseUrl, apiKey: 'k' } });
    const moved = await change(program, { learningBuilder: { baseUrl: 'https://lb.example/other' } });
    expect(expectStatus(moved, 200).body.learningBuilder.hasApiKey).toBe(true);
  });

  it('does not send its key to another host than it was given for', async () => {
    const program = await newProgram(url, { learningBuilder: { baseUrl, apiKey: 'k' } });
    const moved = await change(program, { learningBuilder: { baseUrl: 'https://evil.example' } });
    expect(expectStatus(moved, 200).body.learningBuilder.hasApiKey).toBe(false);
    const back = await change(program, { learningBuilder: { baseUrl } });
    expect(expectStatus(back, 200).body.learningBuilder.hasApiKey).toBe(false);
  });

  it('forgets its key when it is removed', async () => {
    const program = await newProgram(url, { learningBuilder: { baseUrl, apiKey: 'k' } });
    expect(
      expectStatus(await change(program, { learningBuilder: null }), 200).body.learningBuilder,
    ).toBeNull();
    const again = await change(program, { learningBuilder: { baseUrl } });
    expect(expectStatus(again, 200).body.learningBuilder.hasApiKey).toBe(false);
  });
});

describe('nightlySync', () => {
  it.each(['2:00', '24:00', '02:60', '02:00:00', '', '02:00\n'])(
    'does not start at %j',
    async (atLocalTime) => {
      const program = await newProgram(url);
      expectStatus(await change(program, { nightlySync: { enabled: true, atLocalTime } }), 400);
    },
  );
});

describe('PATCH /api/programs/{programId}', () => {
  it('cannot change what makes the program itself', async () => {
    const program = await newProgram(url);
    for (const member of ['programId', 'bucket', 'createdAt', 'foldedId', 'deletedAt']) {
      const answer = expectStatus(await change(program, { [member]: 'x' }), 400);
      expect(pathsOf(answer)).toEqual([member]);
    }
  });

  it('changes nothing when one member is wrong', async () => {
    const program = await newProgram(url);
    expectStatus(await change(program, { name: 'changed', contacts: { webhook: 'http://x.example' } }), 400);
    const { body } = await program.call('GET', `/api/programs/${program.programId}`);
    expect(body.name).toBe(program.programId);
  });

  it('may change nothing', async () => {
    expectStatus(await change(await newProgram(url), {}), 200);
  });
});

describe('a look-up', () => {
  it('ignores letter case, and answers with the id as it was first written', async () => {
    const programId = `T-${randomBytes(8).toString('hex')}`;
    expectStatus(await create({ programId }), 201);
    for (const id of [programId.toLowerCase(), programId.toUpperCase()]) {
      expect(expectStatus(await system('GET', `/api/programs/${id}`), 200).body.programId).toBe(programId);
    }
  });

  it('in other letter case reaches the same files', async () => {
    const { programId, call } = await newProgram(url);
    const upper = programId.toUpperCase();
    expectStatus(await call('PUT', `/api/programs/${upper}/files/warehouse/a.csv`, { body: 'a' }), 201);
    expectStatus(await call('GET', `/api/programs/${programId}/files/warehouse/a.csv`), 200);
  });
});

describe('a list', () => {
  const pathOf = ({ programId }: TestProgram) => `/api/programs/${programId}/files`;

  async function withFiles(count: number): Promise<TestProgram> {
    const program = await newProgram(url);
    for (let n = 0; n < count; n++) {
      const put = program.call('PUT', `${pathOf(program)}/warehouse/f${n}.csv`, { body: 'x' });
      expectStatus(await put, 201);
    }
    return program;
  }

  it('is walked by its cursors and by its links alike, without gap or repeat', async () => {
    const program = await withFiles(5);
    for (const next of [
      (answer: Answer) => `${pathOf(program)}?limit=2&cursor=${answer.body.nextCursor}`,
      (answer: Answer) => {
        const [, link = ''] = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '') ?? [];
        expect(link.startsWith(`${url}/api/`), link).toBe(true);
        return link.slice(url.length);
      },
    ]) {
      const names: string[] = [];
      let answer = expectStatus(await program.call('GET', `${pathOf(program)}?limit=2`), 200);
      for (;;) {
        names.push(...answer.body.items.map((file: { filename: string }) => file.filename));
        if (answer.body.nextCursor === null) break;
        expect(answer.body.items).toHaveLength(2);
        answer = expectStatus(await program.call('GET', next(answer)), 200);
      }
      expect(names).toEqual(['f0.csv', 'f1.csv', 'f2.csv', 'f3.csv', 'f4.csv']);
      expect(answer.headers.get('link')).toBeNull();
    }
  });

  it('keeps its filter in the link', async () => {
    const program = await withFiles(3);
    const answer = await program.call('GET', `${pathOf(program)}?limit=1&prefix=warehouse%2Ff`);
    expect(answer.headers.get('link')).toContain('prefix=warehouse%2Ff');
  });

  it('has no next page when it ends with the page', async () => {
    const program = await withFiles(2);
    const answer = expectStatus(await program.call('GET', `${pathOf(program)}?limit=2`), 200);
    expect(answer.body).toMatchObject({ nextCursor: null });
    expect(answer.body.items).toHaveLength(2);
  });

  const lists = ['files', 'keys', 'audit', 'tasks', 'jobs', 'deliveries', 'datasets', 'attention'];

  it.each(['0', '201', '-1', 'abc', '1.5', '', 'NaN', 'Infinity', '1e9', '5&limit=6'])(
    'refuses limit=%s everywhere',
    async (limit) => {
      const { programId } = await newProgram(url);
      for (const list of lists) {
        expectStatus(await system('GET', `/api/programs/${programId}/${list}?limit=${limit}`), 400);
      }
      expectStatus(await system('GET', `/api/programs?limit=${limit}`), 400);
    },
  );

  it.each([
    ['is none', 'nonsense'],
    ['is empty', ''],
    ['holds an object', btoa('{}')],
    ['holds too much', btoa('["a","b","c"]')],
    ['holds null', btoa('[null]')],
    ['holds infinity', btoa('[1e400]')],
    ['is too long', 'x'.repeat(2_001)],
  ])('refuses a cursor that %s, everywhere', async (_, cursor) => {
    const { programId } = await newProgram(url);
    const query = new URLSearchParams({ cursor });
    for (const path of [...lists.map((list) => `/api/programs/${programId}/${list}`), '/api/programs']) {
      const answer = expectStatus(await system('GET', `${path}?${query}`), 400);
      expect(['cursor_invalid', 'invalid_input'], path).toContain(answer.body.code);
    }
  });

  it('takes the limits 1 and 200', async () => {
    const program = await withFiles(1);
    for (const limit of [1, 200]) {
      const answer = expectStatus(await program.call('GET', `${pathOf(program)}?limit=${limit}`), 200);
      expect(answer.body.items).toHaveLength(1);
    }
  });

  it('of programs goes on where it stopped', async () => {
    const first = await newProgram(url);
    await newProgram(url);
    const page = expectStatus(await system('GET', '/api/programs?limit=1'), 200);
    expect(page.body.items).toHaveLength(1);
    const next = expectStatus(
      await system('GET', `/api/programs?limit=200&cursor=${page.body.nextCursor}`),
      200,
    );
    const ids = next.body.items.map((program: { programId: string }) => program.programId);
    expect(ids).not.toContain(page.body.items[0].programId);
    expect([...ids].sort()).toEqual(ids);
    expectStatus(await first.call('GET', '/api/programs'), 403);
  });
});

describe('DELETE /api/programs/{programId}', () => {
  async function eraseProgram(programId: string): Promise<void> {
    expectStatus(await system('DELETE', `/api/programs/${programId}`), 204);
    for (let sweeps = 0; sweeps < 30; sweeps++) {
      if ((await system('POST', '/dev/sweep')).body.erasure === 0) return;
    }
    throw new Error('The program is still being erased after 30 sweeps.');
  }

  it('answers 404 from that moment on, to every key', async () => {
    const { programId, call } = await newProgram(url);
    expectStatus(await system('DELETE', `/api/programs/${programId}`), 204);
    expect([401, 404]).toContain((await call('GET', `/api/programs/${programId}`)).status);
    expectStatus(await system('GET', `/api/programs/${programId}`), 404);
    expectStatus(await system('GET', `/api/programs/${programId}/files`), 404);
    expectStatus(await system('DELETE', `/api/programs/${programId}`), 404);
    const all = await system('GET', '/api/programs?limit=200');
    expect(all.text).not.toContain(programId);
  });

  it('erases what the program held, and sets its id free', async () => {
    const program = await newProgram(url, {
      learningBuilder: { baseUrl: 'https://lb.example', apiKey: 'k' },
    });
    const { programId, call } = program;
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/people`, { body: peopleTask }), 200);
    const called = await dropAndCall(program, 'people', 'people.csv', 'id,name\n1,Ada\n', {
      notifyEmail: 'ada@school.example',
    });
    await jobEnded(call, expectStatus(called, 200).body.jobId);
    const secret = await call('GET', `/api/programs/${programId}/webhooks/notification-secret`);
    await eraseProgram(programId);

    expectStatus(await create({ programId: programId.toUpperCase() }), 201);
    const lists = ['files', 'keys', 'tasks', 'jobs', 'deliveries', 'datasets', 'attention'];
    for (const list of lists) {
      const answer = expectStatus(await system('GET', `/api/programs/${programId}/${list}`), 200);
      expect(answer.body.items, list).toEqual([]);
    }
    expectStatus(await call('GET', `/api/programs/${programId}`), 401);
    expectStatus(await system('GET', `/api/jobs/${called.body.jobId}`), 404);
    expectStatus(await system('GET', `/api/programs/${programId}/files/warehouse/people.csv`), 404);
    const fresh = await system('GET', `/api/programs/${programId}/webhooks/notification-secret`);
    expect(fresh.body.secret).not.toBe(secret.body.secret);
  });

  it('leaves nothing of its log to a successor of the same name', async () => {
    const { programId, call } = await newProgram(url);
    expectStatus(
      await call('PUT', `/api/programs/${programId}/files/warehouse/private.csv`, { body: 'x' }),
      201,
    );
    await eraseProgram(programId);
    expectStatus(await create({ programId }), 201);
    const { body, text } = await system('GET', `/api/programs/${programId}/audit`);
    expect(body.items.map((entry: { action: string }) => entry.action)).toEqual(['program.created']);
    expect(text).not.toContain('private.csv');
  });

  it('spares the program next to it', async () => {
    const [gone, stays] = [await newProgram(url), await newProgram(url)];
    const path = `/api/programs/${stays.programId}/files/warehouse/a.csv`;
    expectStatus(await stays.call('PUT', path, { body: 'mine' }), 201);
    await eraseProgram(gone.programId);
    expect(expectStatus(await stays.call('GET', path), 200).text).toBe('mine');
  });

  it('keeps the id while the erasure is under way, or frees it: never both', async () => {
    const { programId } = await newProgram(url);
    expectStatus(await system('DELETE', `/api/programs/${programId}`), 204);
    expect([201, 409]).toContain((await create({ programId })).status);
  });
});
