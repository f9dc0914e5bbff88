import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SftpServer } from '../../relay/dev/server.ts';
import { type Body, type Call, expectStatus, type TestProgram, until } from './client.ts';

/** What an export to a local server is made with; its key is pinned, so that it is active. */
export function exportTo(server: SftpServer, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'nightly',
    format: 'json',
    destination: server.url,
    ...(server.password === undefined ? { privateKey: server.privateKey } : {}),
    hostKeys: server.hostKeys,
    ...more,
  };
}

export async function createExport(program: TestProgram, body: Record<string, unknown>): Promise<string> {
  const made = await program.call('POST', `/api/programs/${program.programId}/exports`, { body });
  return expectStatus(made, 201).body.exportId;
}

/** A learner's completion, as publishers send it. */
export function completion(programId: string, id: string): Record<string, unknown> {
  return {
    PublisherProgramId: programId,
    PublisherEventId: id,
    EventType: 'courseCompletion',
    PublisherParticipantId: `${id}@school.example`,
    EventStartUtc: '2027-01-01T00:00:00.000Z',
    PublisherEventData: {
      notifiableId: '7670fdbe-15ed-504b-a680-d404fa4b0eb4',
      title: 'New Student Orientation, "Fast Track"',
      userDetail: { id: `u-${id}`, firstName: 'Bob', externalCustomerId: '111222333444', ref1: null },
    },
  };
}

export async function publish(call: Call, events: Record<string, unknown>[]): Promise<void> {
  const answer = expectStatus(await call('POST', '/api/events', { body: events }), 200);
  const unwanted = answer.body.filter((one: Body) => one.status !== 'created' && one.result !== 'created');
  if (unwanted.length > 0) throw new Error(`not published: ${JSON.stringify(unwanted[0])}`);
}

/** The night once it has ended, delivered or not. */
export async function nightEnded(program: TestProgram, exportId: string, localDate: string, seconds = 240) {
  const path = `/api/programs/${program.programId}/exports/${exportId}/runs/${localDate}`;
  const answer = await until(
    () => program.call('GET', path),
    ({ status, body }) => status === 200 && body.endedAt !== null,
    seconds,
  );
  return answer.body as Body;
}

/** What a server holds under final names: temporary ones begin with a dot. */
export function filesOn(server: { folder: string }): Map<string, Buffer> {
  const names = readdirSync(server.folder).filter((name) => !name.startsWith('.'));
  return new Map(names.map((name) => [name, readFileSync(join(server.folder, name))]));
}
