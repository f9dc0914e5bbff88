import { join } from 'node:path';
import { startHub } from '../../scripts/hub.ts';
import type { Page } from '../client.ts';
import { check } from '../failures.ts';
import { type Printer, type StepReport, seconds } from '../print.ts';
import type { Stage, Told } from '../story.ts';
import {
  addFlow,
  allocationsOf,
  checkHistory,
  checkPeople,
  type Flow,
  type Office,
  openOffice,
  requestAndFollow,
  type Source,
  sourcesOf,
} from './office.ts';
import { StudentSystem, someStudents } from './students.ts';

type Open = Stage & { students: StudentSystem; url: string };

/** The three cases of external sources; throws `DemoFailure` at the first claim that does not hold. */
export async function tellFlows(printer: Printer, stage: Stage): Promise<Told> {
  const startedAtMs = performance.now();
  const hub = await printer.step('Start the hub and a student system', (report) => openStage(report, stage));
  const open: Open = { ...stage, ...hub };
  const offices = [
    await tellUpdate(printer, open),
    await tellEnrichment(printer, open),
    await tellMerging(printer, open),
  ];
  const heard = offices.flatMap((office) => office.integration.heard);
  const ids = new Set(heard.map((one) => one.heard));
  check(ids.size === heard.length, 'A webhook was heard twice.');
  printer.summary(
    `${heard.length} requests, ${ids.size} webhooks, each heard once; ${seconds(performance.now() - startedAtMs)} in all.`,
  );
  const [office] = offices;
  const page = { path: `${office?.program.replace('/api/programs/', '/p/')}/flows`, says: 'HIS-101' };
  return { hub: hub.hub, key: office?.key ?? '', page };
}

async function openStage(report: StepReport, stage: Stage) {
  const students = await new StudentSystem().start();
  stage.others.push(students);
  const hub = await startHub({ stateDir: join(stage.folder, 'state') });
  stage.hub = hub;
  report.detail('hub', `${hub.url}, with its own D1, R2, queues and e-mail`);
  report.detail('students', `${students.url}, what the integrations read`);
  return { hub, students, url: hub.url };
}

async function tellUpdate(printer: Printer, open: Open): Promise<Office> {
  const reference = 'HIS101:2026-2|A';
  const { students } = open;
  const [office, flow] = await printer.step(
    'HIS-101: a predefined routine updates a flow',
    async (report) => {
      const opened = await openOffice(report, open, 'history', 'update-routine');
      const [made] = await addFlow(opened, 'HIS-101', [reference]);
      students.classes.set(reference, someStudents(24, 100));
      report.detail('flow', `${made.flowId} with the external source ${reference}`);
      await checkHistory(report, opened, made, await requestAndFollow(report, opened, made));
      await checkPeople(
        opened,
        `/api/flows/${made.flowId}/participants`,
        students.classes.get(reference) ?? [],
      );
      report.checked('people', 'the 24 of the class, with their names and addresses');
      return [opened, made] as const;
    },
  );
  await printer.step('Two enrol, one leaves, one has a new name: ask again', async (report) => {
    const [, renamed, ...others] = students.classes.get(reference) ?? [];
    check(renamed !== undefined, 'The class is empty.');
    const now = [{ ...renamed, name: 'Björn Ångström' }, ...others, ...someStudents(2, 200)];
    students.classes.set(reference, now);
    const asked = await requestAndFollow(report, office, flow, { reference });
    await checkHistory(report, office, flow, asked);
    await checkPeople(office, `/api/flows/${flow.flowId}/participants`, now);
    report.checked('people', 'the 25 that the class has now');
  });
  await printer.step('The student system is down', (report) => tellFailure(report, office, flow));
  return office;
}

async function tellFailure(report: StepReport, office: Office, flow: Flow): Promise<void> {
  const problems = async () =>
    (await office.manager.get<Page<{ kind: string; message: string }>>(`${office.program}/attention`)).items;
  office.students.isDown = true;
  await requestAndFollow(report, office, flow, { ends: 'Failed' });
  const [open] = await problems();
  check(open?.kind === 'flow_sync_failed', 'No open problem tells of the failure.');
  report.checked('attention', open.message);
  office.students.isDown = false;
  await requestAndFollow(report, office, flow);
  check((await problems()).length === 0, 'The problem is open though it is mended.');
  report.checked('attention', 'nothing any more');
}

async function tellEnrichment(printer: Printer, open: Open): Promise<Office> {
  const { students } = open;
  return printer.step('MAT-210 and another: empty flows are enriched', async (report) => {
    const office = await openOffice(report, open, 'mathematics', 'enrich-flow');
    const [byCode] = await addFlow(office, 'MAT-210', ['setup']);
    const [byId] = await addFlow(office, 're-exam of spring', ['setup']);
    const term = '2026-2';
    students.exams.push(
      { flowCode: 'MAT-210', title: 'Analysis II', term, students: someStudents(40, 300) },
      { flowId: byId.flowId, title: 'Linear algebra, re-exam', term, students: someStudents(7, 400) },
    );
    for (const [i, flow] of [byCode, byId].entries()) {
      await checkPeople(office, `/api/flows/${flow.flowId}/participants`, []);
      const asked = await requestAndFollow(report, office, flow);
      const exam = students.exams[i];
      const enriched = await office.manager.get<Flow>(`/api/flows/${flow.flowId}`);
      check(
        enriched.title === exam?.title && enriched.data?.term === term,
        `The flow is "${enriched.title}".`,
      );
      await checkPeople(office, `/api/flows/${flow.flowId}/participants`, exam.students);
      report.checked(
        'the flow',
        `${flow.code} is "${enriched.title}" of ${term}, ${exam.students.length} participants`,
      );
      await checkHistory(report, office, flow, asked);
    }
    return office;
  });
}

async function tellMerging(printer: Printer, open: Open): Promise<Office> {
  const { students } = open;
  const both = someStudents(1, 500);
  students.classes.set('BIO100-A', [...both, ...someStudents(11, 510)]);
  students.classes.set('BIO100-B', [...both, ...someStudents(14, 530)]);
  const [office, flow, sources] = await printer.step(
    'BIO-100: classes A and B are one flow',
    async (report) => {
      const opened = await openOffice(report, open, 'biology', 'merge-classes');
      const [made, classes] = await addFlow(opened, 'BIO-100', ['BIO100-A', 'BIO100-B']);
      const asked = await requestAndFollow(report, opened, made);
      const [heard] = opened.integration.heard;
      check(heard?.references.length === 2, 'The webhook does not name both classes.');
      await checkHistory(report, opened, made, asked);
      await checkClasses(report, opened, made, classes);
      return [opened, made, classes] as const;
    },
  );
  await printer.step('A student moves from A to B, and only B is asked', async (report) => {
    const [stays, moved, ...others] = students.classes.get('BIO100-A') ?? [];
    check(stays !== undefined && moved !== undefined, 'The class is empty.');
    const before = students.classes.get('BIO100-A') ?? [];
    students.classes.set('BIO100-A', [stays, ...others]);
    students.classes.set('BIO100-B', [...(students.classes.get('BIO100-B') ?? []), moved]);
    const asked = await requestAndFollow(report, office, flow, { reference: 'BIO100-B' });
    check(asked.requests.length === 1, 'More than one class was asked.');
    const [a, b] = sources;
    check(a !== undefined && b !== undefined, 'The flow has no two sources.');
    await checkPeople(office, allocationsOf(flow, a), before);
    await checkPeople(office, allocationsOf(flow, b), students.classes.get('BIO100-B') ?? []);
    report.checked('allocations', `A as before: ${before.length}; B with the student: 16`);
    await requestAndFollow(report, office, flow);
    await checkClasses(report, office, flow, sources);
  });
  return office;
}

async function checkClasses(
  report: StepReport,
  office: Office,
  flow: Flow,
  sources: readonly Source[],
): Promise<void> {
  const sizes: string[] = [];
  for (const source of sources) {
    const expected = office.students.classes.get(source.reference) ?? [];
    await checkPeople(office, allocationsOf(flow, source), expected);
    sizes.push(`${source.reference} ${expected.length}`);
  }
  const [shared] = await office.manager.all<{ participantId: number; externalId: string }>(
    `/api/flows/${flow.flowId}/participants`,
  );
  const of = await office.manager.all<Source>(`${sourcesOf(flow)}/participants/${shared?.participantId}`);
  check(of.length === 2, `${shared?.externalId} is in ${of.length} classes.`);
  report.checked('allocations', `${sizes.join(', ')}, kept apart; ${shared?.externalId} is in both`);
}
