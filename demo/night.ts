import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { startSftpServer } from '../relay/dev/server.ts';
import type { HubClient } from './client.ts';
import { check } from './failures.ts';
import { count, type StepReport } from './print.ts';

const events = 300;
const waitMs = 120_000;

interface Export {
  exportId: string;
  nextDueAt: string | null;
}
interface HostKey {
  type: string;
  fingerprint: string;
}
interface Run {
  status: string;
  localDate: string;
  message: string;
  files: { name: string; rows: number; sizeBytes: number; sha256: string }[];
}

/** Yesterday's events on the customer's server: probe, pin, publish, and the hub's clock moved to two in the morning. */
export async function tellNight(
  report: StepReport,
  of: { client: HubClient; system: HubClient; programPath: string; programId: string; folder: string },
): Promise<{ close(): Promise<void> }> {
  const { client, system, programPath, programId } = of;
  const server = await startSftpServer({ stateDir: join(of.folder, 'sftp') });
  try {
    report.detail('server', `${server.software} on ${server.host}:${server.port}`);
    const made = await client.send<Export>('POST', `${programPath}/exports`, {
      name: 'completions',
      format: 'csv',
      destination: server.url,
      ...(server.password === undefined ? { privateKey: server.privateKey } : {}),
    });
    const path = `${programPath}/exports/${made.exportId}`;
    const { hostKeys } = await client.send<{ hostKeys: HostKey[] }>('POST', `${path}/probe`);
    const [shown] = hostKeys;
    check(shown !== undefined, 'The probe found no host key.');
    const isTheirs = server.hostKeys.some((key) => key.fingerprint === shown?.fingerprint);
    check(isTheirs, 'The probe found a key that is not the server’s.');
    const pinned = await client.send<Export>('PATCH', path, {
      hostKeys: hostKeys.map(({ type, fingerprint }) => ({ type, fingerprint })),
      active: true,
    });
    report.checked('pinned', `${shown?.type} ${shown?.fingerprint}, probed without credentials`);
    await client.send('POST', '/api/events', completions(programId));
    report.detail('published', `${count(events)} events of courseCompletion`);
    await system.send('POST', '/dev/clock', { now: pinned.nextDueAt });
    await system.send('POST', '/dev/sweep');
    report.detail('clock', `moved to ${pinned.nextDueAt}, 02:00 where the program is`);
    await checkArrival(report, await delivered(client, path), server.folder);
    await system.send('POST', '/dev/clock', { now: null });
    return { close: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function completions(programId: string) {
  return Array.from({ length: events }, (_, i) => ({
    PublisherProgramId: programId,
    PublisherEventId: `completion-${i}`,
    EventType: 'courseCompletion',
    PublisherParticipantId: `learner.${i}@harbour.example`,
    EventStartUtc: new Date().toISOString(),
    PublisherEventData: {
      notifiableId: '7670fdbe-15ed-504b-a680-d404fa4b0eb4',
      title: 'New Student Orientation, "Fast Track"',
      userDetail: { firstName: 'Bob', lastName: 'Johnson', externalCustomerId: `1112223334${i}` },
    },
  }));
}

async function delivered(client: HubClient, path: string): Promise<Run> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const { items } = await client.get<{ items: Run[] }>(`${path}/runs`);
    const [run] = items;
    if (run?.status === 'delivered') return client.get<Run>(`${path}/runs/${run.localDate}`);
    check(performance.now() < deadlineMs, `The night did not arrive: ${run?.message ?? 'it was not begun.'}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function checkArrival(report: StepReport, run: Run, folder: string): Promise<void> {
  const [file] = run.files;
  check(file !== undefined && run.files.length === 1, `The night has ${run.files.length} files.`);
  if (!file) return;
  const bytes = readFileSync(join(folder, file.name));
  const rows: Record<string, string>[] = parse(bytes, { columns: true });
  check(rows.length === events, `The remote file has ${rows.length} rows of ${events}.`);
  check(new Set(rows.map((row) => row.id)).size === events, 'An event is in the remote file twice.');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  check(sha256 === file.sha256, 'The remote file has other bytes than the hub wrote.');
  report.detail('night', `${run.localDate}: ${file.name}`);
  report.checked(
    'arrived',
    `${count(rows.length)} rows on the server as csv-parse reads them, each event once`,
  );
  report.checked(
    'whole',
    `${count(file.sizeBytes)} bytes, sha256 ${sha256.slice(0, 16)}… as the hub wrote it`,
  );
}
