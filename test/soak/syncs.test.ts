import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { publishAndSynchronise } from '../support/syncs.ts';

const path = fileURLToPath(new URL('../../../shared/data/oulad/studentAssessment.csv', import.meta.url));

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.stop());

describe('the 173,912 assessments of OULAD', () => {
  it('become events, and rows at the receiver, through a kill in the middle', {
    timeout: 900_000,
  }, async () => {
    const csv = readFileSync(path);
    const rows: Record<string, string>[] = parse(csv, { columns: true });
    const scores = new Map(
      rows.map(({ id_assessment, id_student, score = '' }) => [
        `${id_assessment},${id_student}`,
        score === '' || score === '?' ? null : Number(score),
      ]),
    );
    expect(scores.size).toBe(173_912);
    await publishAndSynchronise(hub, { csv, scores }, 300);
  });
});
