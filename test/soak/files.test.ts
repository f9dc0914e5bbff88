import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { expectStatus, jobEnded, newProgram, peopleTask, type TestProgram } from '../support/client.ts';
import { correctFile } from '../support/corrections.ts';
import { growthOf } from '../support/memory.ts';

let hub: Hub;

beforeAll(async () => {
  hub = await startHub({ vars: { MAX_UPLOAD_BYTES: '600000000' } });
});
afterAll(() => hub.stop());

it('a report of 100,000 errors is whole, streamed, and corrected and dropped again a correction', async () => {
  const program = await newProgram(hub.url);
  await correctFile(program, 100_000, 5_000, 300, async (path) => {
    const { result, grownMb } = await growthOf(() => program.call('GET', path));
    console.info(
      `report of ${(Buffer.byteLength(result.text) / 1e6).toFixed(1)} MB: the runtime grew by ${grownMb} MB`,
    );
    expect(grownMb).toBeLessThan(150);
    return result;
  });
});

describe('a line of 500 MB', () => {
  const sizeBytes = 500_000_000;

  /** The job over `before`, half a gigabyte without a line end, and `after`. */
  async function runLine(before: string, after: string) {
    const program = await newProgram(hub.url);
    const task = { ...peopleTask, guards: { maxRejectedPercent: 100 } };
    const path = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', path, { body: task }), 200);
    await putLine(program, before, after);
    const answer = await program.call('POST', '/api/webhook/warehouse', { body: { filename: 'line.csv' } });
    return jobEnded(program.call, expectStatus(answer, 200).body.jobId, 600);
  }

  async function putLine(program: TestProgram, before: string, after: string): Promise<void> {
    const piece = Buffer.alloc(1_000_000, 'x');
    const content = function* () {
      yield Buffer.from(before);
      for (let sent = 0; sent < sizeBytes; sent += piece.length) yield piece;
      yield Buffer.from(after);
    };
    const put = request(`${hub.url}/api/programs/${program.programId}/files/warehouse/line.csv`, {
      method: 'PUT',
      headers: { 'x-api-key': program.key, 'content-length': before.length + sizeBytes + after.length },
    });
    const status = new Promise((resolve, reject) => {
      put.once('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      put.once('error', reject);
    });
    await pipeline(Readable.from(content()), put);
    expect(await status).toBe(201);
  }

  it('is refused at its first megabytes where it is all there is', async () => {
    const job = await runLine('', '');
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'failed', attempt: 1 });
    expect(job.errors).toMatchObject([{ code: 'cell_too_large' }]);
    expect(job.progress.bytesRead).toBeLessThan(10_000_000);
  });

  it('is one rejected row between two good ones', async () => {
    const { result: job, grownMb } = await growthOf(() => runLine('id,name\n1,Ann\n2,', '\n3,Cy\n'));
    console.info(`a row of 500 MB: the runtime grew by ${grownMb} MB, with the upload`);
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded', attempt: 1 });
    expect(job.rows).toMatchObject({ read: 3, rejected: 1, inserted: 2 });
    expect(job.errors).toMatchObject([{ line: 3, code: 'cell_too_large' }]);
  });
});
