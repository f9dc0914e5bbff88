import { randomBytes } from 'node:crypto';
import {
  type Answer,
  type Body,
  type Call,
  caller,
  expectStatus,
  localSystemKey,
  type TestProgram,
} from './client.ts';

/** An event as a publisher sends it, with an id of its own. */
export const eventOf = (program: Pick<TestProgram, 'programId'>, more: Record<string, unknown> = {}) => ({
  PublisherProgramId: program.programId,
  EventType: 'AI_COMP_SUCCESS',
  PublisherEventId: randomBytes(8).toString('hex'),
  EventStartUtc: '2026-11-22T02:00:00Z',
  PublisherEventData: { course: 'Algebra' },
  ...more,
});

export async function publish(program: TestProgram, ...events: unknown[]): Promise<Body> {
  return expectStatus(await program.call('POST', '/api/events', { body: events }), 200).body;
}

export const courseTemplate = {
  COURSE: {
    action: 'import',
    label: 'Courses',
    importProcessId: 42,
    batchRowTemplate: '{"id": {{@event.PublisherEventId}}, "course": {{course}}}',
  },
  _default: { action: 'ignore', label: 'Nothing else matters' },
};

/** Establishes a subscription with a system key. */
export async function subscribe(
  url: string,
  subscriber: TestProgram,
  publisher: TestProgram,
  template: unknown = courseTemplate,
): Promise<Answer> {
  const system: Call = caller(url, localSystemKey);
  return expectStatus(
    await system('POST', `/api/programs/${subscriber.programId}/eventSubs`, {
      body: {
        PublisherProgramId: publisher.programId,
        SyncEnabled: true,
        LbApiPayloadTemplate: template,
      },
    }),
    201,
  );
}
