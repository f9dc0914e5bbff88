import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Relay, startRelay } from '../relay/dev/relay.ts';
import { type SftpServer, startSftpServer } from '../relay/dev/server.ts';
import { localSystemKey } from '../scripts/hub.ts';
import { HubClient, type Page } from './client.ts';
import { check } from './failures.ts';
import { count, type Printer, type StepReport } from './print.ts';
import { waitFor } from './receiver.ts';
import type { Stage } from './story.ts';

/** The customer's side of a night, and the relay that reaches it: processes beside the hub. */
export interface Harbour {
  relay: Relay;
  sftp: SftpServer;
}

interface Delivery {
  status: string;
  reason: string | null;
}

interface Night {
  localDate: string;
  status: string;
  message: string;
  events: number;
  files: {
    name: string;
    rows: number;
    sizeBytes: number;
    sha256: string;
    status: string;
    evidence: { remotePath?: string; host?: { keyType?: string; fingerprint?: string } } | null;
  }[];
}

export async function openHarbour(report: StepReport, stage: Stage): Promise<Harbour> {
  const [relay, sftp] = await Promise.all([
    startRelay(),
    startSftpServer({ stateDir: join(stage.folder, 'sftp') }),
  ]);
  stage.others.push({ close: relay.stop }, { close: sftp.stop });
  report.detail('relay', relay.url);
  report.detail('SFTP', `${sftp.software} on ${sftp.host}:${sftp.port}, the customer's`);
  return { relay, sftp };
}

/** What the night is made of: one completion per learner. */
function completions(programId: string, learners: string[]) {
  return learners.map((learner) => ({
    PublisherProgramId: programId,
    PublisherEventId: `completion-${learner}`,
    EventType: 'courseCompletion',
    PublisherParticipantId: `${learner}@school.example`,
    EventStartUtc: new Date().toISOString(),
    PublisherEventData: {
      notifiableId: '7670fdbe-15ed-504b-a680-d404fa4b0eb4',
      title: 'New Student Orientation, "Fast Track"',
      userDetail: { firstName: 'Zoë', externalCustomerId: learner, ref1: null },
    },
  }));
}

/** Two steps: the export with its test file, and the night. The hub's clock stands at the next day then. */
export async function tellNight(
  printer: Printer,
  cast: { hub: { url: string }; client: HubClient; programId: string },
  { sftp }: Harbour,
): Promise<void> {
  const exportPath = await printer.step('Set up a nightly file', (report) => setUp(report, cast, sftp));
  await printer.step('A day of events, and its night', (report) => passNight(report, cast, sftp, exportPath));
}

async function setUp(
  report: StepReport,
  { client, programId }: { client: HubClient; programId: string },
  sftp: SftpServer,
): Promise<string> {
  const base = `/api/programs/${programId}/exports`;
  const { exportId, destination } = await client.send<{ exportId: string; destination: string }>(
    'POST',
    base,
    {
      name: 'Completions',
      format: 'csv',
      destination: sftp.url,
      ...(sftp.password === undefined ? { privateKey: sftp.privateKey } : {}),
    },
  );
  const path = `${base}/${exportId}`;
  report.detail('export', `${exportId}, CSV at 02:00 to ${destination}`);
  const { hostKeys } = await client.send<{ hostKeys: { type: string; fingerprint: string }[] }>(
    'POST',
    `${path}/probe`,
    undefined,
  );
  const shown = hostKeys.find(({ type }) => type === 'ssh-ed25519');
  const known = sftp.hostKeys.find(({ type }) => type === 'ssh-ed25519');
  check(shown?.fingerprint === known?.fingerprint, 'The probe found another key than the server has.');
  report.checked('host key', `${shown?.type} ${shown?.fingerprint}, asked for without any credential`);
  await client.send('PATCH', path, { hostKeys: sftp.hostKeys, active: true });
  const test = await client.send<{ deliveryId: string; name: string; sha256: string }>(
    'POST',
    `${path}/test`,
    undefined,
  );
  await waitFor(
    async () => {
      const { status, reason } = await client.get<Delivery>(`/api/deliveries/${test.deliveryId}`);
      check(status !== 'exhausted' && status !== 'cancelled', `The test file did not arrive: ${reason}`);
      return status === 'delivered' || undefined;
    },
    120,
    'The test file did not arrive within two minutes.',
  );
  check(sha256(sftp, test.name) === test.sha256, 'The test file on the server is not what was sent.');
  report.checked('test file', `${test.name} is on the server, byte for byte`);
  return path;
}

async function passNight(
  report: StepReport,
  { hub, client, programId }: { hub: { url: string }; client: HubClient; programId: string },
  sftp: SftpServer,
  exportPath: string,
): Promise<void> {
  const learners = Array.from({ length: 250 }, (_, index) => `L${String(index + 1).padStart(4, '0')}`);
  await client.send('POST', '/api/events', completions(programId, learners));
  report.detail('events', `${count(learners.length)} course completions published`);
  // Past the next 2 am of every zone on earth.
  const system = new HubClient(hub.url, localSystemKey);
  const { nextDueAt } = await client.get<{ nextDueAt: string }>(exportPath);
  await system.send('POST', '/dev/clock', { now: nextDueAt });
  await system.send('POST', '/dev/sweep', undefined);
  report.detail('clock', `moved to ${nextDueAt}, 02:00 at the school`);
  const night = await waitFor(
    async () => {
      const { items } = await client.get<Page<{ localDate: string; status: string; message: string }>>(
        `${exportPath}/runs`,
      );
      check(items[0]?.status !== 'exhausted', `The night did not arrive: ${items[0]?.message}`);
      return items[0]?.status === 'delivered'
        ? client.get<Night>(`${exportPath}/runs/${items[0].localDate}`)
        : undefined;
    },
    120,
    'The night did not arrive within two minutes.',
  );
  const [file] = night.files;
  check(
    file !== undefined && night.files.length === 1,
    `The night has ${night.files.length} files, not one.`,
  );
  check(sha256(sftp, file.name) === file.sha256, 'The file on the server is not what the hub wrote.');
  const text = readFileSync(join(sftp.folder, file.name), 'utf8');
  const found = learners.filter((learner) => text.split(`${learner}@school.example`).length === 2);
  check(found.length === learners.length, `${found.length} of ${learners.length} learners are in it once.`);
  const left = readdirSync(sftp.folder).filter((name) => name.endsWith('.part'));
  check(left.length === 0, `Part files are left on the server: ${left.join(', ')}.`);
  report.detail('night', `${night.localDate}: ${file.name}`);
  report.checked('arrived', `${count(file.rows)} rows, ${count(file.sizeBytes)} bytes, each learner once`);
  report.checked('whole', `SHA-256 ${file.sha256.slice(0, 16)}… on the server, as the hub wrote it`);
}

function sha256(sftp: SftpServer, name: string): string {
  return createHash('sha256')
    .update(readFileSync(join(sftp.folder, name)))
    .digest('hex');
}
