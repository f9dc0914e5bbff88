import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Relay, startRelay } from '../../relay/dev/relay.ts';
import { type SftpServer, startSftpServer } from '../../relay/dev/server.ts';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { addDays, instantOf } from '../../src/platform/zones.ts';
import {
  type Body,
  type Call,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
} from '../support/client.ts';
import { completion, createExport, exportTo, filesOn, nightEnded, publish } from '../support/nights.ts';

// Nights that take months, on a hub of its own whose clock is moved, to a real SFTP server.

let hub: Hub;
let relay: Relay;
let server: SftpServer;
let system: Call;

beforeAll(async () => {
  [relay, server] = await Promise.all([startRelay(), startSftpServer()]);
  hub = await startHub({ vars: relay.vars });
  system = caller(hub.url, localSystemKey);
});
afterAll(async () => {
  await hub?.stop();
  await Promise.all([relay?.stop(), server?.stop()]);
});

async function moveTo(atMs: number): Promise<void> {
  expectStatus(await system('POST', '/dev/clock', { body: { now: new Date(atMs).toISOString() } }), 200);
}

const sweep = async () => expectStatus(await system('POST', '/dev/sweep'), 200);

interface Place {
  timeZone: string;
  /** The day on which its clocks change. */
  date: string;
  hours: number;
}

const places: Place[] = [
  { timeZone: 'America/New_York', date: '2027-03-14', hours: 23 },
  { timeZone: 'Asia/Kolkata', date: '2027-03-14', hours: 24 },
  { timeZone: 'America/Santiago', date: '2027-09-05', hours: 23 },
  { timeZone: 'Australia/Lord_Howe', date: '2027-10-03', hours: 23.5 },
  { timeZone: 'Europe/London', date: '2027-10-31', hours: 25 },
];

interface Scene extends Place {
  program: TestProgram;
  exports: { format: 'json' | 'csv'; exportId: string }[];
  published: number;
}

const minute = 60_000;
const formats = ['json', 'csv'] as const;

/** What happens in one zone, and when: events on both sides of every midnight and change. */
function actsOf(scene: Scene): { atMs: number; act: () => Promise<void> }[] {
  const { timeZone, date, program } = scene;
  const before = addDays(date, -1);
  const starts = [before, date, addDays(date, 1)].map((day) => instantOf(timeZone, day));
  const due = [date, addDays(date, 1)].map((day) => instantOf(timeZone, day, '02:00'));
  const [first = 0, second = 0, third = 0] = starts;
  const [firstDue = 0, secondDue = 0] = due;
  const events = async () => {
    const ids = [0, 1, 2].map(() => `${timeZone.replace('/', '-')}-${++scene.published}`);
    await publish(
      program.call,
      ids.map((id) => completion(program.programId, id)),
    );
  };
  const moments = [first - minute, first + minute, second - minute, second + minute, firstDue - 30 * minute];
  moments.push(firstDue + minute, second + 5 * 60 * minute, third - minute, third + minute);
  return [
    ...moments.map((atMs) => ({ atMs, act: events })),
    {
      atMs: first + 11 * 60 * minute,
      act: async () => {
        for (const format of formats) {
          const body = exportTo(server, { name: `${timeZone} ${format}`, format });
          scene.exports.push({ format, exportId: await createExport(program, body) });
        }
      },
    },
    { atMs: firstDue - 2 * minute, act: () => expectNights(scene, []) },
    { atMs: firstDue, act: () => expectNights(scene, [before]) },
    { atMs: secondDue - 2 * minute, act: () => expectNights(scene, [before]) },
    { atMs: secondDue, act: () => expectNights(scene, [date, before]) },
  ];
}

/** Sweeps twice, as two crons might: the export has these nights then, each once. */
async function expectNights({ program, exports }: Scene, dates: string[]): Promise<void> {
  await sweep();
  await sweep();
  for (const { exportId } of exports) {
    const { body } = await program.call('GET', `/api/programs/${program.programId}/exports/${exportId}/runs`);
    expect(body.items.map((run: Body) => run.localDate)).toEqual(dates);
    for (const date of dates) expect((await nightEnded(program, exportId, date)).status).toBe('delivered');
  }
}

describe('a day of events across a change of the clocks', () => {
  it('arrives on a real server in both formats, each event in exactly one night', async () => {
    const scenes: Scene[] = await Promise.all(
      places.map(async (place) => {
        const program = await newProgram(hub.url, { timeZone: place.timeZone });
        return { ...place, program, exports: [], published: 0 };
      }),
    );
    const acts = scenes.flatMap(actsOf).sort((a, b) => a.atMs - b.atMs);
    for (const { atMs, act } of acts) {
      await moveTo(atMs);
      await act();
    }
    const remote = filesOn(server);
    for (const scene of scenes) await expectTiled(scene, remote);
  }, 240_000);
});

async function expectTiled(scene: Scene, remote: Map<string, Buffer>): Promise<void> {
  const { program, timeZone, date, hours } = scene;
  // The oracle: the calendar's own word on each event's time of receipt.
  const calendar = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  const log = expectStatus(await program.call('GET', `/api/events/${program.programId}?limit=200`), 200).body;
  expect(log).toHaveLength(27);
  for (const { format, exportId } of scene.exports) {
    const nights = [addDays(date, -1), date];
    const ends: number[] = [];
    for (const night of nights) {
      const run = await nightEnded(program, exportId, night);
      ends.push(Date.parse(run.endsAt));
      expect(run.files).toHaveLength(1);
      const [file] = run.files;
      const bytes = remote.get(file.name);
      expect(bytes?.length, file.name).toBe(file.sizeBytes);
      const rows: Body[] =
        format === 'json' ? JSON.parse(String(bytes)) : parse(bytes ?? '', { columns: true });
      const wanted = log.filter((one: Body) => calendar.format(new Date(one.ReceivedUtc)) === night);
      expect(rows.map(({ id }) => id)).toEqual(wanted.map((one: Body) => one.PublisherEventId));
      expect(wanted.length, `${timeZone} ${night}`).toBeGreaterThan(3);
      expect(file.rows).toBe(rows.length);
      expect(rows[0].title).toBe('New Student Orientation, "Fast Track"');
    }
    const [from = 0, to = 0] = ends;
    expect((to - from) / 3_600_000, timeZone).toBe(hours);
  }
}
