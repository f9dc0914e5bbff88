import { expect } from 'vitest';
import type { Hub } from '../../scripts/hub.ts';
import {
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  until,
} from './client.ts';
import { sweepLater } from './crash.ts';
import { subscribe } from './events.ts';
import { startLearningBuilder } from './learning-builder.ts';

/** A file of assessments, and what becomes of each of its rows at the receiver. */
export interface Feed {
  csv: string | Uint8Array;
  /** Key (`assessment,student`) → score as a row shows it. */
  scores: Map<string, number | null>;
}

const task = {
  folder: 'warehouse',
  dataset: 'assessments',
  mode: 'full',
  schema: {
    fields: [
      { name: 'id_assessment', type: 'integer' },
      { name: 'id_student', type: 'integer' },
      { name: 'score', type: 'number' },
    ],
    primaryKey: ['id_assessment', 'id_student'],
    missingValues: ['', '?'],
  },
  publish: { eventType: 'assessment.changed', category: 'ASSESSMENT' },
};

const template = {
  ASSESSMENT: {
    importProcessId: 42,
    label: 'Assessments, as the import knows them',
    batchRowTemplate:
      '{"ExternalId": "{{id_assessment}},{{id_student}}", "Score": {{score}}, "Change": {{@event.change}}, "Event": {{@event.EventId}} }',
  },
  _default: { action: 'ignore' },
};

/**
 * The whole way: a file becomes records, events, and rows at the receiving server, whose answer to one call
 * is lost because the hub is killed while it waits for it. Fails unless every row of the file arrives in its
 * own shape, and nothing is repeated but the call whose answer was lost, under the same name.
 */
export async function publishAndSynchronise(hub: Hub, feed: Feed, seconds: number): Promise<void> {
  const lb = await startLearningBuilder();
  const system = caller(hub.url, localSystemKey);
  try {
    const publisher = await newProgram(hub.url);
    const learningBuilder = { baseUrl: lb.url, apiKey: lb.apiKey };
    const subscriber = await newProgram(hub.url, { learningBuilder });
    await subscribe(hub.url, subscriber, publisher, template);
    const saved = publisher.call('PUT', `/api/programs/${publisher.programId}/tasks/assessments`, {
      body: task,
    });
    expectStatus(await saved, 200);
    const called = await dropAndCall(publisher, 'assessments', 'studentAssessment.csv', feed.csv);
    const job = await jobEnded(publisher.call, expectStatus(called, 200).body.jobId, seconds);
    expect(job.status, JSON.stringify(job)).toBe('succeeded');

    // The hub dies while the answer to the third call is on its way; that the request breaks off is the point.
    lb.decide(() => (lb.calls.length === 3 ? 'take and hang' : 'take'));
    const path = `/api/programs/${subscriber.programId}/eventSubs/${publisher.programId}`;
    const broken = system('POST', `${path}/sync`).catch(() => null);
    const before = await lb.waitFor(3, seconds);
    const lost = before[2]?.fileName ?? '';
    await hub.kill();
    await broken;
    await hub.restart();
    // The lease of the lost attempt ends; a second jump would end those of attempts that are under way.
    await sweepLater(hub, 200);

    const done = await until(
      async () => {
        await sweepLater(hub, 0);
        return (await subscriber.call('GET', `${path}/syncs`)).body.items[0];
      },
      (sync: Body) => sync.state === 'done',
      seconds,
    );
    expect(done).toMatchObject({
      selected: feed.scores.size,
      rendered: feed.scores.size,
      ignored: 0,
      quarantined: 0,
    });
    const { LastSyncUtc } = (await subscriber.call('GET', path)).body;
    expect(LastSyncUtc).toBe(done.openedAt);
    expectRows(lb, feed, lost);
    const { batches } = (await subscriber.call('GET', `${path}/syncs/${done.syncId}`)).body;
    expect(batches.filter((one: Body) => one.uncertain).map((one: Body) => one.name)).toEqual([lost]);
    expect(batches.every((one: Body) => one.state === 'accepted' && one.rows <= 5_000)).toBe(true);
  } finally {
    await lb.close();
  }
}

function expectRows(
  lb: Awaited<ReturnType<typeof startLearningBuilder>>,
  { scores }: Feed,
  lost: string,
): void {
  expect(lb.broken).toEqual([]);
  const repeated = [...lb.taken].filter(([, { times }]) => times > 1);
  expect(repeated.map(([name, { times }]) => [name, times])).toEqual([[lost, 2]]);
  const rows = lb.rows();
  expect(rows.length).toBe(scores.size);
  const seen = new Set<unknown>();
  for (const { ExternalId, Score, Change } of rows) {
    seen.add(ExternalId);
    if (Change !== 'inserted' || scores.get(String(ExternalId)) !== Score)
      expect({ ExternalId, Score, Change }).toEqual({
        ExternalId,
        Score: scores.get(String(ExternalId)),
        Change: 'inserted',
      });
  }
  expect(seen.size).toBe(scores.size);
}
