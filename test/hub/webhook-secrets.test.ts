import { Webhook } from 'standardwebhooks';
import { describe, expect, inject, it } from 'vitest';
import {
  type Body,
  dropAndCall,
  expectStatus,
  newProgram,
  peopleTask,
  type TestProgram,
} from '../support/client.ts';
import { startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
const pathOf = ({ programId }: TestProgram) => `/api/programs/${programId}/webhooks/notification-secret`;

const secretsOf = async (program: TestProgram): Promise<Body> =>
  expectStatus(await program.call('GET', pathOf(program)), 200).body;

async function rotate(program: TestProgram, body?: Body): Promise<string> {
  const rotated = await program.call('POST', `${pathOf(program)}/rotate-secret`, { body });
  return expectStatus(rotated, 200).body.secret;
}

describe('the notification secret', () => {
  it('is there from the beginning, one for each program', async () => {
    const [one, two] = [await newProgram(url), await newProgram(url)];
    const mine = await secretsOf(one);
    expect(mine).toEqual({
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      secrets: [{ secret: mine.secret, createdAt: expect.any(String), endsAt: null }],
    });
    expect((await secretsOf(two)).secret).not.toBe(mine.secret);
  });

  it('has a successor, beside which it signs for the overlap', async () => {
    const program = await newProgram(url);
    const { secret: old } = await secretsOf(program);
    const fresh = await rotate(program, { overlapHours: 48 });
    const { secret, secrets } = await secretsOf(program);
    expect(secret).toBe(fresh);
    expect(secrets.map((one: Body) => one.secret)).toEqual([fresh, old]);
    expect(secrets[0].endsAt).toBeNull();
    const endsInMs = Date.parse(secrets[1].endsAt) - Date.now();
    expect(Math.abs(endsInMs - 48 * 3_600_000)).toBeLessThan(60_000);
  });

  it('is followed at once without an overlap', async () => {
    const program = await newProgram(url);
    const fresh = await rotate(program, { overlapHours: 0 });
    expect((await secretsOf(program)).secrets.map((one: Body) => one.secret)).toEqual([fresh]);
  });

  it('never signs beside more than one other: an older one ends with the next rotation', async () => {
    const program = await newProgram(url);
    const second = await rotate(program);
    const third = await rotate(program);
    expect((await secretsOf(program)).secrets.map((one: Body) => one.secret)).toEqual([third, second]);
  });

  it.each([[-1], [169], ['24'], [null]])('refuses an overlap of %j hours', async (overlapHours) => {
    const program = await newProgram(url);
    const answer = await program.call('POST', `${pathOf(program)}/rotate-secret`, { body: { overlapHours } });
    expectStatus(answer, 400);
  });

  it('is in no audit log and no list', async () => {
    const program = await newProgram(url);
    const fresh = await rotate(program);
    const { text } = await program.call('GET', `/api/programs/${program.programId}/audit`);
    expect(text).toContain('signing_secret.rotated');
    expect(text).not.toContain(fresh);
  });

  it('verifies what a receiver gets, with the old and the new one while the rotation lasts', async () => {
    const program = await newProgram(url);
    const { secret: old } = await secretsOf(program);
    const fresh = await rotate(program);
    const receiver = await startReceiver();
    try {
      const { call, programId } = program;
      expectStatus(await call('PUT', `/api/programs/${programId}/tasks/people`, { body: peopleTask }), 200);
      const notifyWebhook = `${receiver.url}/done`;
      const called = await dropAndCall(program, 'people', 'p.csv', 'id,name\n1,Ada\n', { notifyWebhook });
      const { jobId } = expectStatus(called, 200).body;
      const [received] = await receiver.waitFor(1);
      const headers = received?.headers as Record<string, string>;
      for (const secret of [old, fresh]) {
        expect(new Webhook(secret).verify(received?.body ?? '', headers)).toMatchObject({
          type: 'job.succeeded',
          data: { jobId },
        });
      }
    } finally {
      await receiver.close();
    }
  });
});
