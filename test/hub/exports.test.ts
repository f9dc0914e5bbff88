import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type SftpServer, startSftpServer } from '../../relay/dev/server.ts';
import { addDays, localDateAt } from '../../src/platform/zones.ts';
import { signedIn } from '../support/browser.ts';
import { type Body, type Call, expectStatus, newProgram, until } from '../support/client.ts';
import { exportTo, filesOn } from '../support/nights.ts';

const url = inject('hubUrl');

const pin = (letter = 'A') => ({ type: 'ssh-ed25519', fingerprint: `SHA256:${letter.repeat(43)}` });
const destination = 'sftp://cross%40walk:s3cr%21et@127.0.0.1:9/in';
const base = { name: 'nightly', format: 'json', destination };

async function start(settings: Record<string, unknown> = {}) {
  const program = await newProgram(url, settings);
  const path = `/api/programs/${program.programId}/exports`;
  const create = (body: Record<string, unknown>) => program.call('POST', path, { body });
  return { ...program, path, create };
}

const patch = (call: Call, path: string, body: Record<string, unknown>) => call('PATCH', path, { body });

describe('POST /api/programs/{programId}/exports', () => {
  it('makes one with what the contract defaults to, and shows no password, ever', async () => {
    const { call, path, create } = await start();
    const made = expectStatus(await create(base), 201);
    expect(made.body).toMatchObject({
      name: 'nightly',
      events: { categories: [], types: [] },
      format: 'json',
      destination: 'sftp://cross%40walk@127.0.0.1:9/in',
      hasPassword: true,
      hasPrivateKey: false,
      hostKeys: [],
      mode: 'rename',
      atLocalTime: '02:00',
      timeZone: null,
      emptyDay: 'skip',
      active: false,
      nextDueAt: null,
    });
    const one = `${path}/${made.body.exportId}`;
    expect(made.headers.get('location')).toBe(one);
    const privateKey = '-----BEGIN OPENSSH PRIVATE KEY-----\nno key at all\n';
    const changed = await patch(call, one, { privateKey, passphrase: 'pa55phrase' });
    for (const answer of [made, changed, await call('GET', one), await call('GET', path)]) {
      for (const secret of ['s3cr', 'no key at all', 'pa55phrase']) expect(answer.text).not.toContain(secret);
    }
    const audit = await call('GET', path.replace('/exports', '/audit'));
    expect(audit.text).toContain('export.changed');
    expect(audit.text).not.toContain('s3cr');
  });

  it('goes out at 2 am of the program’s zone, once a key is pinned', async () => {
    const { create } = await start({ timeZone: 'Asia/Kolkata' });
    const { body } = expectStatus(await create({ ...base, hostKeys: [pin()] }), 201);
    expect(body.active).toBe(true);
    expect(body.nextDueAt).toMatch(/T20:30:00\.000Z$/);
    expect(Date.parse(body.nextDueAt)).toBeGreaterThan(Date.now());
  });

  it.each([
    [{ destination: 'ftp://user:pass@host/in' }, 'destination', '"ftp://" is another protocol'],
    [{ destination: 'sftp://user:pa$s@host/in' }, 'destination', 'write %24 for it'],
    [{ destination: 'sftp://user@host/in' }, 'destination', 'Nothing logs in'],
    [{ emptyDay: 'send' }, 'events.types', 'list the event types'],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone', 'IANA'],
    [{ timeZone: '+05:00' }, 'timeZone', 'IANA'],
    [{ atLocalTime: '24:00' }, 'atLocalTime', 'local time'],
    [{ hostKeys: [{ type: 'ssh-dss', fingerprint: pin().fingerprint }] }, 'hostKeys[0].type', 'ssh-ed25519'],
    [{ hostKeys: [{ type: 'ssh-rsa', fingerprint: 'MD5:aa:bb' }] }, 'hostKeys[0].fingerprint', 'SHA256:'],
    [{ format: 'xml' }, 'format', 'json'],
    [{ password: 'secret' }, 'password', 'no such member'],
  ])('refuses %j with a sentence that helps', async (wrong, path, message) => {
    const { create } = await start();
    const { body } = expectStatus(await create({ ...base, ...wrong }), 400);
    expect(body.errors[0].path).toBe(path);
    expect(body.errors[0].message).toContain(message);
  });

  it('answers 409 to an active one without a pinned key, and says how to pin one', async () => {
    const { create } = await start();
    const { body } = expectStatus(await create({ ...base, active: true }), 409);
    expect(body.detail).toContain('/probe');
  });
});

describe('PATCH …/exports/{exportId}', () => {
  it('needs a pinned key to be active, and cannot lose it while it is', async () => {
    const { call, path, create } = await start();
    const one = `${path}/${expectStatus(await create(base), 201).body.exportId}`;
    expectStatus(await patch(call, one, { active: true }), 409);
    expectStatus(await patch(call, one, { active: true, hostKeys: [pin()] }), 200);
    expectStatus(await patch(call, one, { hostKeys: [] }), 409);
    expectStatus(await patch(call, one, { hostKeys: [], active: false }), 200);
  });

  it('takes neither credentials nor keys over to another host', async () => {
    const { call, path, create } = await start();
    const made = await create({ ...base, hostKeys: [pin()], active: false });
    const one = `${path}/${expectStatus(made, 201).body.exportId}`;
    expectStatus(await patch(call, one, { destination: 'sftp://cross%40walk@127.0.0.2:9/in' }), 400);
    const moved = await patch(call, one, { destination: 'sftp://cross%40walk:other@127.0.0.2:9/in' });
    expect(expectStatus(moved, 200).body).toMatchObject({ hostKeys: [], hasPassword: true });
  });

  it('keeps both where only the folder changes', async () => {
    const { call, path, create } = await start();
    const one = `${path}/${expectStatus(await create({ ...base, hostKeys: [pin()] }), 201).body.exportId}`;
    const moved = await patch(call, one, { destination: 'sftp://cross%40walk@127.0.0.1:9/other' });
    expect(expectStatus(moved, 200).body).toMatchObject({
      destination: 'sftp://cross%40walk@127.0.0.1:9/other',
      hostKeys: [pin()],
      hasPassword: true,
      active: true,
    });
  });
});

describe('DELETE …/exports/{exportId}', () => {
  it('leaves nothing that answers', async () => {
    const { call, path, create } = await start();
    const one = `${path}/${expectStatus(await create(base), 201).body.exportId}`;
    expectStatus(await call('DELETE', one), 204);
    for (const at of [one, `${one}/runs`]) expectStatus(await call('GET', at), 404);
    expectStatus(await call('DELETE', one), 404);
    expect((await call('GET', path)).body.items).toEqual([]);
  });
});

describe('with a server at the other end', () => {
  let server: SftpServer;
  beforeAll(async () => {
    server = await startSftpServer();
  });
  afterAll(() => server?.stop());

  it('probes its keys without credentials, and tells which are pinned', async () => {
    const { call, path, create } = await start();
    const [first] = server.hostKeys;
    const made = await create({ ...exportTo(server), hostKeys: [first], active: false });
    const { exportId } = expectStatus(made, 201).body;
    const { body } = expectStatus(await call('POST', `${path}/${exportId}/probe`), 200);
    const found = body.hostKeys.map(({ type, fingerprint }: Body) => ({ type, fingerprint }));
    expect(found).toEqual(expect.arrayContaining(server.hostKeys));
    const pinned = body.hostKeys.filter((one: Body) => one.pinned);
    expect(pinned).toEqual([{ ...first, pinned: true }]);
    expect(body).toMatchObject({ host: '127.0.0.1', port: server.port });
  });

  it('sends a test file once by itself when a key is first pinned, and again on demand', async () => {
    const { call, path, create, programId } = await start();
    const made = await create({ ...exportTo(server), hostKeys: [] });
    const { exportId } = expectStatus(made, 201).body;
    const sent = async () => {
      const ledger = await call('GET', `/api/programs/${programId}/deliveries?channel=sftp`);
      return expectStatus(ledger, 200).body.items as Body[];
    };
    expect(await sent()).toEqual([]);
    expectStatus(await patch(call, `${path}/${exportId}`, { hostKeys: server.hostKeys }), 200);
    expectStatus(await patch(call, `${path}/${exportId}`, { hostKeys: server.hostKeys.slice(0, 1) }), 200);
    const [automatic] = await until(sent, ([one]) => one?.status === 'delivered');
    expect(automatic.type).toBe('export.test');
    const asked = expectStatus(await call('POST', `${path}/${exportId}/test`), 202).body;
    const { body: delivery } = await until(
      () => call('GET', `/api/deliveries/${asked.deliveryId}`),
      ({ body }) => body.status === 'delivered',
    );
    expect(await sent()).toHaveLength(2);
    const bytes = filesOn(server).get(asked.name);
    expect(bytes?.length).toBe(asked.sizeBytes);
    expect(JSON.parse(String(bytes))).toHaveLength(2);
    const [attempt] = delivery.attempts;
    expect(attempt.detail).toContain(`${asked.sizeBytes} bytes at ${server.directory}/${asked.name}`);
    expect(attempt.detail).toContain('SHA256:');
    expect(JSON.parse(attempt.excerpt)).toMatchObject({ bytes: asked.sizeBytes, sha256: asked.sha256 });
  });

  it('tells the phase in which a test failed, after one attempt', async () => {
    const { call, path, create } = await start();
    const made = await create({ ...exportTo(server), hostKeys: [pin('B')], active: false });
    const { exportId } = expectStatus(made, 201).body;
    const asked = expectStatus(await call('POST', `${path}/${exportId}/test`), 202).body;
    const { body } = await until(
      () => call('GET', `/api/deliveries/${asked.deliveryId}`),
      (answer) => answer.body.endedAt !== null,
    );
    expect(body).toMatchObject({ status: 'cancelled', attemptCount: 1 });
    expect(body.reason).toContain('hostkey');
    expect(body.reason).toContain(pin('B').fingerprint);
    expect(body.reason).toContain(server.hostKeys[0]?.fingerprint);
  });
});

describe('a test file', () => {
  it('is refused without a pinned key', async () => {
    const { call, path, create } = await start();
    const { exportId } = expectStatus(await create(base), 201).body;
    const { body } = expectStatus(await call('POST', `${path}/${exportId}/test`), 409);
    expect(body.detail).toContain('/probe');
  });
});

describe('where nothing listens', () => {
  it('a probe says in which phase it failed', async () => {
    const { call, path, create } = await start();
    const { exportId } = expectStatus(await create(base), 201).body;
    const { body } = expectStatus(await call('POST', `${path}/${exportId}/probe`), 502);
    expect(body.detail).toContain('(connect: refused)');
  });
});

describe('GET …/exports/egress', () => {
  it('says the addresses that the relay is set to name', async () => {
    const { call, path } = await start();
    const { body } = expectStatus(await call('GET', `${path}/egress`), 200);
    expect(body).toEqual({ fixed: true, addresses: ['203.0.113.7', '2001:db8::7'] });
  });
});

describe('GET …/exports/samples/{json|csv}', () => {
  it('gives files that parse, with the members that the document prints', async () => {
    const { call, path } = await start();
    const json = expectStatus(await call('GET', `${path}/samples/json`), 200);
    const csv = expectStatus(await call('GET', `${path}/samples/csv`), 200);
    expect(json.headers.get('content-type')).toBe('application/json');
    const rows: Record<string, string>[] = parse(csv.text, { columns: true });
    expect(Object.keys(rows[0] ?? {}).join()).toBe(
      'id,source,timestamp,type,user,companyId,event,notifiableId,title,userDetail.id,userDetail.firstName,userDetail.lastName,userDetail.externalCustomerId,userDetail.sfContactId,userDetail.sfAccountId,userDetail.client,userDetail.ref1,userDetail.ref2,userDetail.ref3',
    );
    expect(json.body).toHaveLength(2);
    expect(json.body[0]).toMatchObject({
      id: '32ed16df-27cb-5f72-90ff-4eaf39346f86',
      source: 'course_completed',
      event: 'courseCompletion',
      userDetail: { sfContactId: null, ref2: 'Department' },
    });
    expect(rows.map((row) => row.title)).toEqual(json.body.map((one: { title: string }) => one.title));
    expect(csv.text.split('\r\n')).toHaveLength(4);
  });
});

describe('GET …/runs/{localDate}', () => {
  it('says which was the last where there is none, and refuses what is no date', async () => {
    const { call, path, create } = await start();
    const { exportId } = expectStatus(await create(base), 201).body;
    const { body } = expectStatus(await call('GET', `${path}/${exportId}/runs/2031-01-01`), 404);
    expect(body.detail).toContain('the last that went out');
    for (const date of ['2031-02-30', 'yesterday'])
      expectStatus(await call('GET', `${path}/${exportId}/runs/${date}`), 400);
  });
});

describe('the overview', () => {
  it('names the night that is due, not the one before', async () => {
    const timeZone = 'Pacific/Auckland';
    const program = await start({ timeZone });
    const made = expectStatus(await program.create({ ...base, hostKeys: [pin()], active: true }), 201).body;
    const night = addDays(made.lastLocalDate, 1);
    // It goes out the morning after its day has ended.
    expect(localDateAt(timeZone, Date.parse(made.nextDueAt))).toBe(addDays(night, 1));
    const { html } = await (await signedIn(url, program.key)).get(`/p/${program.programId}/overview`);
    expect(html).toContain(`>nightly</a>: the night of ${night}</th>`);
  });
});
