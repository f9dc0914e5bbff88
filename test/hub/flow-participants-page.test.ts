import { describe, expect, inject, it } from 'vitest';
import { cellsOf, signedIn, textOf } from '../support/browser.ts';
import { type Body, expectStatus, newProgram, type TestProgram } from '../support/client.ts';
import { newFlow, newParticipants, newSource, sourcesPath } from '../support/flows.ts';

const url = inject('hubUrl');

/** A flow with two sources and three participants: the first two to the one, the first to the other. */
async function flowOf(owner: TestProgram, title: string) {
  const { flowId } = await newFlow(owner, { title });
  const [a, b] = [await newSource(owner, flowId, 'class-A'), await newSource(owner, flowId, 'class-B')];
  const ids = await newParticipants(owner, flowId, 3);
  const path = (source: Body) => `${sourcesPath(flowId)}/${source.id}/allocations`;
  const allocate = async (source: Body, body: (number | undefined)[]) =>
    expectStatus(await owner.call('POST', `${path(source)}/participants`, { body }), 200);
  await allocate(a, ids.slice(0, 2));
  await allocate(b, ids.slice(0, 1));
  return { flowId, a, b, ids, path, allocate };
}

const countsOf = async (owner: TestProgram, flowId: number) => {
  const { items } = expectStatus(await owner.call('GET', sourcesPath(flowId)), 200).body;
  const flow = expectStatus(await owner.call('GET', `/api/flows/${flowId}`), 200).body;
  return [...items.map(({ allocated }: Body) => allocated), flow.allocations];
};

describe('the count of allocations', () => {
  it('is right after every change, whatever is repeated', async () => {
    const owner = await newProgram(url);
    const { flowId, a, b, ids, path, allocate } = await flowOf(owner, 'History');
    expect(await countsOf(owner, flowId)).toEqual([2, 1, 3]);
    await allocate(a, [...ids, ids[0], 999_999_999]);
    expect(await countsOf(owner, flowId)).toEqual([3, 1, 4]);
    expectStatus(await owner.call('DELETE', `${path(a)}/participants/${ids[1]}`), 204);
    expect(await countsOf(owner, flowId)).toEqual([2, 1, 3]);
    expectStatus(await owner.call('DELETE', `${path(a)}/participants/${ids[1]}`), 404);
    expectStatus(await owner.call('DELETE', `/api/flows/${flowId}/participants/${ids[0]}`), 204);
    expect(await countsOf(owner, flowId)).toEqual([1, 0, 1]);
    await allocate(b, [ids[1], ids[2]]);
    expectStatus(await owner.call('DELETE', path(b)), 204);
    expect(await countsOf(owner, flowId)).toEqual([1, 0, 1]);
  });

  it('is right after changes of all kinds at once, each sent twice', async () => {
    const owner = await newProgram(url);
    const { flowId, a, path } = await flowOf(owner, 'History');
    const ids = await newParticipants(owner, flowId, 30);
    const allocated = `${path(a)}/participants`;
    const twice = (change: () => Promise<unknown>) => [change(), change()];
    await Promise.all([
      ...ids.flatMap((id, i) =>
        twice(() => owner.call('POST', allocated, { body: [id, ids[(i + 7) % 30], id] })),
      ),
      ...ids.slice(0, 10).flatMap((id) => twice(() => owner.call('DELETE', `${allocated}/${id}`))),
      ...ids
        .slice(20)
        .flatMap((id) => twice(() => owner.call('DELETE', `/api/flows/${flowId}/participants/${id}`))),
    ]);
    const { items } = expectStatus(await owner.call('GET', `${allocated}?limit=200`), 200).body;
    expect(await countsOf(owner, flowId)).toEqual([items.length, expect.any(Number), expect.any(Number)]);
    expectStatus(await owner.call('POST', allocated, { body: ids.slice(0, 20) }), 200);
    expect((await countsOf(owner, flowId))[0]).toBe(20);
  });
});

describe('the pages of flows', () => {
  it('tell how many are allocated, and find a participant by its id, in one flow and in all', async () => {
    const owner = await newProgram(url);
    const [history, physics] = [await flowOf(owner, 'History'), await flowOf(owner, 'Physics')];
    const other = await newProgram(url);
    await flowOf(other, 'Not theirs');
    const visitor = await signedIn(url, await owner.keyWith('read'));
    const page = async (path: string) => (await visitor.get(`/p/${owner.programId}/${path}`)).html;

    // The look-up of the archive leads back to the archive.
    const { flowId: old } = await newFlow(owner, { code: 'OLD', title: 'Old' });
    expectStatus(await owner.call('PATCH', `/api/flows/${old}`, { body: { archived: true } }), 200);
    expect(await page('flows?archived=true&tz=utc')).toMatch(
      /class="filters"><input type="hidden" name="tz" value="utc"\s*\/?><input type="hidden" name="archived" value="true"\s*\/?><label>Participant/,
    );
    const one = await page(`flows/${history.flowId}`);
    expect(textOf(one)).toContain('2 participants are allocated to it.');
    expect(one).not.toContain('takes part”');
    const found = await page(`flows/${history.flowId}?participant=S1`);
    const row = (html: string, of: { flowId: number }) => cellsOf(html, `flows/${of.flowId}">`);
    expect(row(found, history)['Allocated to']).toBe('class-A Not Requested class-B Not Requested');
    expect(row(found, physics)).toEqual({});

    const all = await page('flows?participant=+S2+');
    expect(all).toContain('name="participant" value="S2"');
    const table = all.slice(all.indexOf('Where “S2” takes part'));
    expect([history, physics].map((of) => row(table, of)['Allocated to'])).toEqual(
      Array(2).fill('class-A Not Requested'),
    );
    expect(row(all, history).Allocations).toBe('3');
    expect(all).not.toContain('Not theirs');
    const idle = await page('flows?participant=S3');
    expect(row(idle.slice(idle.indexOf('Where “S3”')), physics)['Allocated to']).toBe('no source');
    expect(textOf(await page('flows?participant=nobody'))).toContain('has a participant of this id');
  });
});
