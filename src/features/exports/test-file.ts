import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { sha256Hex, utf8 } from '../../platform/encoding.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { recordAudit } from '../audit/index.ts';
import { fileDeliveryRow } from './due.ts';
import { fileName } from './names.ts';
import { sampleFile } from './samples.ts';
import { type Export, objectKeys } from './store.ts';

export interface PreparedTest {
  deliveryId: string;
  name: string;
  sizeBytes: number;
  sha256: string;
  statements: Statement[];
  /** After the commit. */
  start(): Promise<void>;
}

/** The test file that is sent by itself, once, when the export first has a pinned key. */
export async function firstTest(ctx: Ctx, row: Export): Promise<PreparedTest | null> {
  if (row.testedAt !== null || row.hostKeys.length === 0 || ctx.relay === null) return null;
  return prepareTest(ctx, row);
}

/** Sends a test file now: one attempt, whose outcome the delivery tells. */
export async function sendTest(ctx: Ctx, row: Export): Promise<PreparedTest> {
  if (row.hostKeys.length === 0) {
    throw new AppError(
      'conflict',
      'No host key is pinned: POST …/probe shows the host’s keys, PATCH {"hostKeys": […]} pins one.',
    );
  }
  if (ctx.relay === null)
    throw new AppError('not_configured', 'This hub has no SFTP relay: its operator sets RELAY_TOKEN first.');
  const test = await prepareTest(ctx, row);
  await commit(ctx.db, [
    ...test.statements,
    recordAudit(ctx, { programId: row.programId, action: 'export.tested', target: row.exportId }),
  ]);
  await test.start();
  return test;
}

async function prepareTest(ctx: Ctx, row: Export): Promise<PreparedTest> {
  const at = ctx.now();
  const deliveryId = newId('dlv', at);
  const { format, createdAt } = row;
  const name = await fileName('test', {
    ...{ createdAtMs: createdAt, startedAtMs: at, identity: deliveryId, format },
  });
  const bytes = utf8(sampleFile(format));
  const objectKey = objectKeys.test(row.programId, row.exportId, name);
  await ctx.objects.put(objectKey, bytes);
  const file = { name, objectKey, sizeBytes: bytes.length, sha256: await sha256Hex(bytes) };
  const statement = fileDeliveryRow(ctx, row, {
    ...{ deliveryId, type: 'export.test', traceId: newId('tra', at), about: row.exportId },
    body: { ...file, exportId: row.exportId, runId: null, localDate: null, send: 1, manifest: null },
  });
  return {
    deliveryId,
    ...file,
    statements: [statement],
    start: () => ctx.queues.export.send([{ type: 'delivery', deliveryId }]),
  };
}
