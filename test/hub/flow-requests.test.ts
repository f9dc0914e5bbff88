import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Body, expectStatus, newProgram, type TestProgram, until } from '../support/client.ts';
import { listenToRequests, newFlow, newSource, sourcesPath, syncPath } from '../support/flows.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

interface Heard {
  id: string;
  data: Body;
}

interface Stage extends TestProgram {
  flowId: number;
  code: string;
  /** What the integration was told so far. */
  heard(): Heard[];
  /** Waits until the hub has nothing more to send. */
  quiet(): Promise<Heard[]>;
}

/** A flow of these sources, in a program whose integration listens and checks what it hears. */
async function stageWith(...references: string[]): Promise<Stage> {
  const owner = await newProgram(url);
  const path = `/${owner.programId}`;
  const { secret } = await listenToRequests(owner, `${receiver.url}${path}`);
  const verifier = new Webhook(secret);
  const { flowId, code } = await newFlow(owner);
  for (const reference of references) await newSource(owner, flowId, reference);
  const heard = () =>
    receiver.received
      .filter((one) => one.path === path)
      .map(({ body, headers }) => {
        verifier.verify(body, headers as Record<string, string>);
        const { type, data } = JSON.parse(body);
        expect(type).toBe('flow.external_source.sync_requested');
        return { id: String(headers['webhook-id']), data };
      });
  const quiet = async () => {
    await until(
      () => owner.call('GET', `/api/programs/${owner.programId}/deliveries?limit=200`),
      ({ body }) => body.items.every((one: Body) => one.status === 'delivered'),
    );
    return heard();
  };
  return { ...owner, flowId, code, heard, quiet };
}

const history = async ({ call, flowId }: Stage, query = ''): Promise<Body[]> =>
  expectStatus(await call('GET', `${sourcesPath(flowId)}/requests?limit=200${query}`), 200).body.items;

const times = <T>(count: number, run: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => run(i)));

describe("a manager's request", () => {
  it('is told to the integration, signed, with the ids it needs', async () => {
    const stage = await stageWith('A', 'B');
    const asked = expectStatus(await stage.call('POST', `${sourcesPath(stage.flowId)}/sync`), 202).body;
    expect(asked.deliveryIds).toHaveLength(1);
    const [heard, ...more] = await stage.quiet();
    expect(more).toEqual([]);
    expect(heard?.data).toMatchObject({
      requestId: asked.requestId,
      flowId: stage.flowId,
      flowCode: stage.code,
      references: ['A', 'B'],
    });
    const sources = (await stage.call('GET', sourcesPath(stage.flowId))).body.items;
    expect(heard?.data.sources).toEqual(sources.map(({ id, reference }: Body) => ({ id, reference })));
    expect(heard?.data.deadline).toBe(sources[0].deadline);
    const described = (await stage.call('GET', '/api/openapi.json')).body;
    expect(described.webhooks).toHaveProperty(['flow.external_source.sync_requested']);
    const { data } = described.components.schemas.SyncRequestedMessage.properties;
    expect(Object.keys(heard?.data).sort()).toEqual(Object.keys(data.properties).sort());
    const told = await until(
      () => history(stage),
      (parts) => parts.every(({ deliveries }) => deliveries[0]?.status === 'delivered'),
    );
    for (const part of told) {
      expect(part).toMatchObject({ requestedBy: stage.keyId, state: 'PENDING' });
      expect(part.deliveries).toMatchObject([{ deliveryId: asked.deliveryIds[0], attemptCount: 1 }]);
    }
    const ledger = await stage.call('GET', `/api/deliveries/${asked.deliveryIds[0]}`);
    expect(ledger.body).toMatchObject({ about: asked.requestId, messageId: heard?.id });
  });

  it('is one, whoever else presses at the same time', async () => {
    const stage = await stageWith('A', 'B', 'C');
    const answers = await times(20, () => stage.call('POST', `${sourcesPath(stage.flowId)}/sync`));
    const bodies = answers.map((answer) => expectStatus(answer, 202).body);
    const [{ requestId }] = bodies;
    expect(new Set(bodies.map((body) => body.requestId))).toEqual(new Set([requestId]));
    expect(bodies.filter(({ duplicate }) => duplicate !== true)).toHaveLength(1);
    for (const { requests } of bodies) {
      expect(requests).toEqual(['A', 'B', 'C'].map((reference) => ({ reference, requestId })));
    }
    const heard = await stage.quiet();
    expect(heard.map(({ data }) => data.requestId)).toEqual([requestId]);
    expect(await history(stage)).toHaveLength(3);
  });

  it('shares no source with another, however presses for one and for all meet', async () => {
    const references = ['A', 'B', 'C', 'D', 'E'];
    const stage = await stageWith(...references);
    const presses = [
      ...references.map((reference) => syncPath(stage.flowId, reference)),
      ...references.map(() => `${sourcesPath(stage.flowId)}/sync`),
      ...references.map((reference) => syncPath(stage.flowId, reference)),
    ];
    const answers = await Promise.all(presses.map((path) => stage.call('POST', path)));
    const made = answers
      .map((answer) => expectStatus(answer, 202).body)
      .filter(({ duplicate }) => duplicate !== true);
    const heard = await stage.quiet();
    expect(heard.map(({ data }) => data.requestId).sort()).toEqual(
      made.map(({ requestId }) => requestId).sort(),
    );
    expect(heard.flatMap(({ data }) => data.references).sort()).toEqual(references);
    const sources = (await stage.call('GET', sourcesPath(stage.flowId))).body.items;
    for (const { reference, requestId } of sources) {
      expect(heard.find(({ data }) => data.references.includes(reference))?.data.requestId).toBe(requestId);
    }
  });

  it('is asked of 50 flows in the same second, and heard 50 times, each once', async () => {
    const stage = await stageWith();
    const flowIds = await times(50, async () => {
      const { flowId } = await newFlow(stage);
      await newSource(stage, flowId, 'A');
      return flowId;
    });
    const answers = await Promise.all(
      flowIds.map((flowId) => stage.call('POST', `${sourcesPath(flowId)}/sync`)),
    );
    const requestIds = answers.map((answer) => expectStatus(answer, 202).body.requestId);
    expect(new Set(requestIds).size).toBe(50);
    await until(
      async () => stage.heard().length,
      (count) => count >= 50,
    );
    const heard = await stage.quiet();
    expect(heard).toHaveLength(50);
    expect(new Set(heard.map(({ id }) => id)).size).toBe(50);
    expect(heard.map(({ data }) => data.requestId).sort()).toEqual(requestIds.toSorted());
    expect(heard.map(({ data }) => data.flowId).sort()).toEqual(flowIds.toSorted());
  });

  it('leaves nothing behind where the flow is archived at the same time', async () => {
    for (let round = 0; round < 4; round++) {
      const stage = await stageWith('A', 'B');
      const path = `/api/flows/${stage.flowId}`;
      const [archived, ...pressed] = await Promise.all([
        stage.call('PATCH', path, { body: { archived: true } }),
        ...Array.from({ length: 3 }, () => stage.call('POST', `${sourcesPath(stage.flowId)}/sync`)),
      ]);
      expectStatus(archived, 200);
      for (const { status } of pressed) expect([202, 403]).toContain(status);
      const states = (await stage.call('GET', sourcesPath(stage.flowId))).body.items.map(
        (one: Body) => one.state,
      );
      const cancelled = await history(stage);
      expect(cancelled.map(({ state }) => state)).toEqual(cancelled.map(() => 'CANCELLED'));
      expect(states).toEqual(cancelled.length === 0 ? ['NONE', 'NONE'] : ['FAILED', 'FAILED']);
      expect(await stage.quiet()).toHaveLength(cancelled.length === 0 ? 0 : 1);
    }
  });
});

describe("an integration's report", () => {
  it('counts once: of done and fail at the same time one is refused, and nothing says otherwise', async () => {
    for (let round = 0; round < 4; round++) {
      const stage = await stageWith('A');
      const { requestId } = (await stage.call('POST', syncPath(stage.flowId, 'A'))).body;
      const verbs = ['done', 'fail', 'done', 'fail', 'done', 'fail'];
      const answers = await Promise.all(
        verbs.map((verb) =>
          stage.call('POST', `${syncPath(stage.flowId, 'A')}/${verb}`, { body: { requestId } }),
        ),
      );
      const [source] = (await stage.call('GET', sourcesPath(stage.flowId))).body.items;
      const winner = source.state === 'SUCCESS' ? 'done' : 'fail';
      expect(answers.map(({ status }) => status)).toEqual(verbs.map((verb) => (verb === winner ? 200 : 409)));
      const [part] = await history(stage);
      expect(part).toMatchObject({ requestId, state: source.state });
      const problems = await stage.call('GET', `/api/programs/${stage.programId}/attention`);
      expect(problems.body.items).toHaveLength(winner === 'fail' ? 1 : 0);
    }
  });

  it('and requests may come in any order: every request is told once and ends once', async () => {
    const references = ['A', 'B', 'C'];
    const stage = await stageWith(...references);
    await times(6, async (i) => {
      for (let round = 0; round < 6; round++) {
        const reference = references[(i + round) % references.length] ?? 'A';
        const path =
          round % 3 === 0 ? `${sourcesPath(stage.flowId)}/sync` : syncPath(stage.flowId, reference);
        const { requests } = expectStatus(await stage.call('POST', path), 202).body;
        for (const { reference: asked, requestId } of requests) {
          const answer = await stage.call('POST', `${syncPath(stage.flowId, asked)}/done`, {
            body: { requestId },
          });
          expect([200, 409]).toContain(answer.status);
        }
      }
    });
    const heard = await stage.quiet();
    const parts = await history(stage);
    expect(parts.every(({ state }) => state === 'SUCCESS')).toBe(true);
    const asked = heard.flatMap(({ data }) =>
      data.references.map((reference: string) => `${data.requestId} ${reference}`),
    );
    expect(asked.sort()).toEqual(parts.map(({ requestId, reference }) => `${requestId} ${reference}`).sort());
    expect(new Set(heard.map(({ id }) => id)).size).toBe(heard.length);
    const flow = (await stage.call('GET', `/api/flows/${stage.flowId}`)).body;
    expect(flow.label).toBe('Complete');
  });

  it('of 60 sources at once ends each of them', async () => {
    const references = Array.from({ length: 60 }, (_, i) => `S${i}`);
    const stage = await stageWith(...references);
    expectStatus(await stage.call('POST', `${sourcesPath(stage.flowId)}/sync`), 202);
    const answers = await Promise.all(
      references.map((reference, i) =>
        stage.call('POST', `${syncPath(stage.flowId, reference)}/${i % 2 === 0 ? 'done' : 'fail'}`),
      ),
    );
    for (const answer of answers) expectStatus(answer, 200);
    const problems = await stage.call('GET', `/api/programs/${stage.programId}/attention`);
    expect(problems.body.items).toMatchObject([{ kind: 'flow_sync_failed', count: 30 }]);
    const failed = (await stage.call('GET', `${sourcesPath(stage.flowId)}?state=FAILED&limit=200`)).body
      .items;
    expect(failed).toHaveLength(30);
  });
});
