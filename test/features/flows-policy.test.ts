import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeParticipants, toRowChunks } from '../../src/features/flows/participants/judge.ts';
import { decideReport, flowState, latestRequest, planRequest } from '../../src/features/flows/policy.ts';
import { type SourceState, sourceStates } from '../../src/features/flows/states.ts';

const state = fc.constantFrom(...sourceStates);
const source = (over: Partial<Parameters<typeof decideReport>[0]> = {}) => ({
  state: 'PENDING' as SourceState,
  requestId: 'srq_2',
  timedOut: false,
  ...over,
});

describe('the state of a flow', () => {
  it.each<[SourceState[], SourceState]>([
    [[], 'NONE'],
    [['NONE'], 'NONE'],
    [['NONE', 'SUCCESS'], 'SUCCESS'],
    [['SUCCESS', 'FAILED', 'NONE'], 'FAILED'],
    [['SUCCESS', 'FAILED', 'NONE', 'PENDING'], 'PENDING'],
  ])('of %j is %s', (states, expected) => {
    expect(flowState(states)).toBe(expected);
  });

  it('is one of its sources’, and none of them comes before it', () => {
    fc.assert(
      fc.property(fc.array(state, { minLength: 1 }), (states) => {
        const found = flowState(states);
        expect(states).toContain(found);
        for (const one of states) {
          expect(sourceStates.indexOf(one)).toBeGreaterThanOrEqual(sourceStates.indexOf(found));
        }
      }),
    );
  });
});

describe('a request', () => {
  const askable = fc.record({
    sourceId: fc.nat(),
    reference: fc.string(),
    state,
    requestId: fc.option(fc.string()),
    lastRequestedAt: fc.option(fc.nat()),
  });

  it('asks whoever is not pending, and nobody twice', () => {
    fc.assert(
      fc.property(fc.array(askable), (sources) => {
        const { asked, kept } = planRequest(sources);
        expect(asked.length + kept.length).toBe(sources.length);
        expect(asked.every((one) => one.state !== 'PENDING')).toBe(true);
        expect(kept.every((one) => one.state === 'PENDING')).toBe(true);
      }),
    );
  });

  it('is answered with the latest that is waited for, where all wait', () => {
    const one = {
      sourceId: 1,
      reference: 'A',
      state: 'PENDING' as const,
      requestId: 'old',
      lastRequestedAt: 1,
    };
    expect(latestRequest([one, { ...one, requestId: 'new', lastRequestedAt: 2 }])).toBe('new');
    expect(latestRequest([])).toBeNull();
  });
});

describe('a report', () => {
  const done = { outcome: 'SUCCESS' as const, requestId: null };
  const fail = { outcome: 'FAILED' as const, requestId: null };

  it.each([done, fail])('of a source that was never asked is refused (%j)', (report) => {
    expect(decideReport(source({ state: 'NONE', requestId: null }), report)).toMatchObject({
      kind: 'refused',
      reason: 'never_requested',
    });
  });

  it.each([
    ['no request by name', null],
    ['the latest request', 'srq_2'],
  ])('about %s ends what is pending', (_, requestId) => {
    for (const report of [done, fail]) {
      expect(decideReport(source(), { ...report, requestId })).toEqual({ kind: 'apply', requestId: 'srq_2' });
    }
  });

  it('about another request changes nothing, whatever the state', () => {
    fc.assert(
      fc.property(state, fc.boolean(), fc.constantFrom(done, fail), (one, timedOut, report) => {
        const verdict = decideReport(source({ state: one, timedOut }), { ...report, requestId: 'srq_1' });
        expect(verdict.kind).toBe('refused');
      }),
    );
  });

  it('repeated changes nothing; the contrary of an earlier one is refused', () => {
    expect(decideReport(source({ state: 'SUCCESS' }), done)).toEqual({ kind: 'repeated' });
    expect(decideReport(source({ state: 'FAILED' }), fail)).toEqual({ kind: 'repeated' });
    expect(decideReport(source({ state: 'SUCCESS' }), fail)).toMatchObject({ reason: 'request_ended' });
    expect(decideReport(source({ state: 'FAILED' }), done)).toMatchObject({ reason: 'request_ended' });
  });

  it('that comes after the time limit still counts', () => {
    for (const report of [done, fail]) {
      expect(decideReport(source({ state: 'FAILED', timedOut: true }), report).kind).toBe('apply');
    }
  });
});

describe('participants', () => {
  it('are cut into JSON texts that each fit a value of D1, and none is lost', () => {
    const person = fc.record({
      externalId: fc.string({ minLength: 1, maxLength: 20 }),
      name: fc.option(fc.string({ unit: 'grapheme', maxLength: 100 })),
    });
    fc.assert(
      fc.property(fc.array(person, { maxLength: 50 }), (people) => {
        const rows = toRowChunks(people).flatMap((chunk) => JSON.parse(chunk));
        expect(rows.map(([externalId]: [string]) => externalId)).toEqual(people.map((one) => one.externalId));
      }),
    );
    const long = Array.from({ length: 10_000 }, (_, i) => ({ externalId: `${i}`, name: '語'.repeat(200) }));
    const chunks = toRowChunks(long);
    expect(chunks.length).toBeGreaterThan(1);
    for (const chunk of chunks) expect(new TextEncoder().encode(chunk).length).toBeLessThan(2_000_000);
  });

  it('are judged one by one: the first of an externalId counts', () => {
    const judged = judgeParticipants([{ externalId: ' A ' }, { externalId: 'A' }, 5, { externalId: 'B' }]);
    expect(judged.map((one) => 'participant' in one)).toEqual([true, false, false, true]);
    expect(judged[1]).toMatchObject({ externalId: 'A', errors: [{ code: 'repeated' }] });
  });
});
