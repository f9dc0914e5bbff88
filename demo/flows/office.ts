import { localSystemKey } from '../../scripts/hub.ts';
import { HubClient, type Page } from '../client.ts';
import { check } from '../failures.ts';
import type { StepReport } from '../print.ts';
import type { Stage } from '../story.ts';
import { type Integration, startIntegration } from './integration.ts';
import type { Student, StudentSystem } from './students.ts';

export interface Flow {
  flowId: number;
  code: string;
  title: string;
  data: Record<string, unknown> | null;
  state: string;
  label: string;
}

export interface Source {
  id: number;
  reference: string;
  label: string;
  message: string | null;
}

export interface Requested {
  requestId: string;
  requests: { reference: string; requestId: string }[];
}

interface Past {
  requestId: string;
  reference: string;
  state: string;
  requestedBy: string;
  durationMs: number;
  deliveries: { deliveryId: string; status: string }[];
}

/** An exam office with its integration: a program of the hub, a manager's key and a key for the integration. */
export interface Office {
  program: string;
  manager: HubClient;
  key: string;
  keyId: string;
  students: StudentSystem;
  integration: Integration;
}

export const sourcesOf = ({ flowId }: Flow) => `/api/flows/${flowId}/external-sources`;
export const allocationsOf = (flow: Flow, { id }: Source) =>
  `${sourcesOf(flow)}/${id}/allocations/participants`;

/** Opens an office whose integration is one of the programs beside this file. */
export async function openOffice(
  report: StepReport,
  stage: Stage & { students: StudentSystem; url: string },
  name: string,
  program: string,
): Promise<Office> {
  const system = new HubClient(stage.url, localSystemKey);
  await system.send('POST', '/api/programs', { programId: name, name, timeZone: 'Europe/Copenhagen' });
  const newKey = (who: string, scopes: string[]) =>
    system.send<{ keyId: string; key: string }>('POST', `/api/programs/${name}/keys`, { name: who, scopes });
  const manager = await newKey('exam office', ['read', 'flows']);
  const { key } = await newKey('integration', ['read', 'flows', 'webhooks']);
  const integration = await startIntegration(stage.others, program, {
    HUB_URL: stage.url,
    HUB_KEY: key,
    PROGRAM: name,
    STUDENTS_URL: stage.students.url,
  });
  report.detail('integration', `demo/flows/${program}.ts, a process of its own, its webhook registered`);
  return {
    program: `/api/programs/${name}`,
    manager: new HubClient(stage.url, manager.key),
    key: manager.key,
    keyId: manager.keyId,
    students: stage.students,
    integration,
  };
}

export async function addFlow(office: Office, code: string, references: string[]): Promise<[Flow, Source[]]> {
  const flow = await office.manager.send<Flow>('POST', `${office.program}/flows`, { code, title: code });
  const sources: Source[] = [];
  for (const reference of references) {
    sources.push(await office.manager.send<Source>('POST', sourcesOf(flow), { reference }));
  }
  return [flow, sources];
}

/** A manager's press, seen to be requested before the integration can answer, and followed to its end. */
export async function requestAndFollow(
  report: StepReport,
  office: Office,
  flow: Flow,
  press: { reference?: string; ends?: string } = {},
): Promise<Requested> {
  const { manager, students, integration } = office;
  const { reference, ends = 'Complete' } = press;
  const of = reference === undefined ? '' : `/${encodeURIComponent(reference)}`;
  students.beSlow();
  const asked = await manager.send<Requested>('POST', `${sourcesOf(flow)}${of}/sync`);
  const requested = await labelOf(manager, flow);
  check(requested === 'Sync Requested', `The flow says "${requested}" after the manager's request.`);
  students.beQuick();
  report.detail('POST', `…/external-sources${of}/sync: ${asked.requestId}`);
  const label = await until(
    () => labelOf(manager, flow),
    (text) => text !== 'Sync Requested',
  );
  check(label === ends, `The flow says "${label}" where "${ends}" was expected.`);
  const reported = await until(
    async () => integration.reported.filter(({ requestId }) => requestId === asked.requestId),
    (all) => all.length === asked.requests.length,
  );
  for (const one of reported) report.detail(one.reported, `${one.reference}: ${one.did}`);
  report.checked('the flow', `"Sync Requested", then "${label}"`);
  return asked;
}

const labelOf = async (manager: HubClient, { flowId }: Flow) =>
  (await manager.get<Flow>(`/api/flows/${flowId}`)).label;

/** Holds the history of a request against what happened: one webhook, one delivery, one end for each source. */
export async function checkHistory(
  report: StepReport,
  office: Office,
  flow: Flow,
  asked: Requested,
): Promise<void> {
  const path = `${sourcesOf(flow)}/requests?requestId=${asked.requestId}`;
  const isTold = ({ deliveries: [one] }: Past) => one?.status === 'delivered';
  const { items } = await until(
    () => office.manager.get<Page<Past>>(path),
    (page) => page.items.every(isTold),
  );
  check(items.length === asked.requests.length, `The history has ${items.length} entries of the request.`);
  for (const { requestedBy, deliveries } of items) {
    check(
      requestedBy === office.keyId,
      `The history says that ${requestedBy} asked, and it was ${office.keyId}.`,
    );
    check(deliveries.length === 1, `${deliveries.length} deliveries told the integration.`);
  }
  const heard = office.integration.heard.filter(({ requestId }) => requestId === asked.requestId);
  check(heard.length === 1, `The integration heard ${heard.length} webhooks of one request.`);
  const [first] = items;
  report.checked(
    'history',
    `${items.length === 1 ? '' : `${items.length} sources, `}told by ${first?.deliveries[0]?.deliveryId}, ended after ${first?.durationMs} ms`,
  );
}

interface Person {
  externalId: string;
  name: string;
  email: string;
}

/** The participants at a path are these students, with their names and addresses, and nobody else. */
export async function checkPeople(office: Office, path: string, students: Student[]): Promise<void> {
  const there = await office.manager.all<Person>(path);
  const textOf = (id: string, name: string, email: string) => `${id} ${name} <${email}>`;
  const found = there.map(({ externalId, name, email }) => textOf(externalId, name, email)).sort();
  const expected = students.map(({ id, name, email }) => textOf(id, name, email)).sort();
  check(
    JSON.stringify(found) === JSON.stringify(expected),
    `${path} has ${found.length} people, and they are not the ${expected.length} of the student system.`,
  );
}

/** Asks until the condition holds; after two minutes the demo ends. */
export async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const deadlineMs = Date.now() + 120_000;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    check(Date.now() < deadlineMs, `It did not come to its end within two minutes: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
