import { type Body, expectStatus, type TestProgram } from './client.ts';

type Owner = Pick<TestProgram, 'programId' | 'call'>;

let flowsMade = 0;

/** A flow of its own code. */
export async function newFlow(owner: Owner, more: Record<string, unknown> = {}): Promise<Body> {
  flowsMade++;
  const body = { code: `HIS-${process.pid}-${flowsMade}`, title: 'History, year 1', ...more };
  return expectStatus(await owner.call('POST', `/api/programs/${owner.programId}/flows`, { body }), 201).body;
}

export const sourcesPath = (flowId: number) => `/api/flows/${flowId}/external-sources`;

export async function newSource(owner: Owner, flowId: number, reference: string): Promise<Body> {
  const answer = await owner.call('POST', sourcesPath(flowId), { body: { reference } });
  return expectStatus(answer, 201).body;
}

/** The path of one source's sync, its reference encoded as URLs want it. */
export const syncPath = (flowId: number, reference: string) =>
  `${sourcesPath(flowId)}/${encodeURIComponent(reference)}/sync`;

/** Participants `{prefix}1` to `{prefix}{count}`; their ids, in order. */
export async function newParticipants(
  owner: Owner,
  flowId: number,
  count: number,
  prefix = 'S',
): Promise<number[]> {
  const body = Array.from({ length: count }, (_, i) => ({ externalId: `${prefix}${i + 1}` }));
  const answer = expectStatus(await owner.call('POST', `/api/flows/${flowId}/participants`, { body }), 200);
  return answer.body.results.map((one: Body) => one.participantId);
}

/** An endpoint that takes the managers' requests; its signing secret. */
export async function listenToRequests(owner: Owner, url: string): Promise<Body> {
  const body = { url, events: ['flow.external_source.sync_requested'] };
  const made = await owner.call('POST', `/api/programs/${owner.programId}/webhooks`, { body });
  return expectStatus(made, 201).body;
}
