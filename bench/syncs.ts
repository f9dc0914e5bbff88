/**
 * Events published in batches of 1,000, then synchronised to one subscriber through a template of two
 * categories: events per second of each half, the runtime's peak memory beside that of a tenth of them, and
 * every row counted at the receiver. On a shared machine read the ratios. `node bench/syncs.ts [events]`
 */
import { availableParallelism, cpus } from 'node:os';
import { localSystemKey, startHub } from '../scripts/hub.ts';
import { startLearningBuilder } from '../test/support/learning-builder.ts';
import { growthOf } from '../test/support/memory.ts';

const total = Number(process.argv[2] ?? 100_000);
const perCall = 1_000;
const headers = { 'x-api-key': localSystemKey, 'content-type': 'application/json' };
const template = {
  COURSE: {
    importProcessId: 42,
    batchRowTemplate:
      '{"id": {{@event.PublisherEventId}}, "who": {{@event.PublisherParticipantId}}, "course": {{title}}, "credits": {{credits}}, "grades": [{{#each grades}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}]}',
  },
  WORK: {
    importProcessId: 7,
    batchRowTemplate:
      '{"id": {{@event.PublisherEventId}}, "employer": "{{upper employer}}", "hours": {{hours}} }',
  },
};

interface Run {
  publishSeconds: number;
  syncSeconds: number;
  lost: number;
  twice: number;
  calls: number;
}

const makeEvent = (id: number) => ({
  PublisherProgramId: 'publisher',
  EventType: 'completed',
  PublisherEventId: `event-${id}`,
  PublisherParticipantId: `person${id}@school.example`,
  EventStartUtc: '2026-11-22T02:00:00Z',
  PublisherEventCategory: id % 3 === 0 ? 'WORK' : { value: 'COURSE', label: 'A course' },
  PublisherEventData:
    id % 3 === 0
      ? { employer: `O'Neill & Söhne ${id % 97}`, hours: id % 40 }
      : { title: `Course "${id % 501}"`, credits: (id % 8) / 2, grades: [id % 7, id % 5, 1] },
});

async function run(events: number): Promise<Run> {
  const hub = await startHub();
  const lb = await startLearningBuilder();
  const call = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const answer = await fetch(`${hub.url}${path}`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  try {
    await call('POST', '/api/programs', { programId: 'publisher', name: 'publisher' });
    const learningBuilder = { baseUrl: lb.url, apiKey: lb.apiKey };
    await call('POST', '/api/programs', { programId: 'subscriber', name: 'subscriber', learningBuilder });
    await call('POST', '/api/programs/subscriber/eventSubs', {
      PublisherProgramId: 'publisher',
      LbApiPayloadTemplate: template,
    });
    const begun = performance.now();
    for (let from = 0; from < events; from += perCall) {
      const batch = Array.from({ length: Math.min(perCall, events - from) }, (_, i) => makeEvent(from + i));
      const results: { status: string }[] = await call('POST', '/api/events', batch);
      if (results.some(({ status }) => status !== 'created')) throw new Error('an event was not created');
    }
    const published = performance.now();
    await call('POST', '/api/programs/subscriber/eventSubs/publisher/sync');
    for (;;) {
      const { items } = await call('GET', '/api/programs/subscriber/eventSubs/publisher/syncs?limit=1');
      if (items[0].state === 'done') break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const synchronised = performance.now();
    if (lb.broken.length > 0) throw new Error(`the receiver refused: ${lb.broken[0]}`);
    const times = new Map<unknown, number>();
    for (const { id } of lb.rows()) times.set(id, (times.get(id) ?? 0) + 1);
    return {
      publishSeconds: (published - begun) / 1_000,
      syncSeconds: (synchronised - published) / 1_000,
      lost: events - times.size,
      twice: [...times.values()].filter((count) => count > 1).length,
      calls: lb.calls.length,
    };
  } finally {
    await lb.close();
    await hub.stop();
  }
}

const few = await growthOf(() => run(total / 10));
const all = await growthOf(() => run(total));
const bar = Math.max(few.grownMb * 1.3, few.grownMb + 48);
const perSecond = (seconds: number, events: number) => Math.round(events / seconds).toLocaleString('en');
const verdict = (isMet: boolean) => (isMet ? 'met' : 'NOT MET');
const { publishSeconds, syncSeconds, lost, twice, calls } = all.result;

console.log(`Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}`);
console.log(`\n${total} events, published in batches of ${perCall}, synchronised in ${calls} calls\n`);
console.log('| figure | measured | bar | |\n|---|---:|---:|---|');
console.log(`| published, events/s | ${perSecond(publishSeconds, total)} | | |`);
console.log(`| synchronised, events/s | ${perSecond(syncSeconds, total)} | | |`);
console.log(
  `| peak memory of the runtime, after ${few.grownMb} MB at ${total / 10} | ${all.grownMb} MB | ≤ ${Math.round(bar)} MB | ${verdict(all.grownMb <= bar)} |`,
);
console.log(`| rows lost | ${lost} | 0 | ${verdict(lost === 0)} |`);
console.log(`| rows that came twice | ${twice} | 0 | ${verdict(twice === 0)} |`);
