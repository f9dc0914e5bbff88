import type { AttemptResult, Channel, Ctx, DueDelivery, OutcomeEffects } from '../../context.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { openCredentials } from './credentials.ts';
import { fileDeliveryRow } from './due.ts';
import { type Arrived, type Failed, type RelayAnswer, relayPut } from './relay.ts';
import { type FileDelivery, fileDelivery } from './schema.ts';
import { settleRun } from './settle.ts';
import { dropManifest, type Export, findExport, markFile, sendManifest, updateRun } from './store.ts';

/** The relay gives a transfer five minutes, and the call a little more. */
const leaseMs = 400_000;
/** A relay at its limit is asked again; that spends no attempt of the schedule. */
const busyTries = 6;
const busyWaitMs = 15_000;

/** One file over SFTP, through the relay; see relay/CONTRACT.md for what arrived and failed mean. */
export const sftpChannel: Channel = {
  slow: { leaseMs },

  async send(ctx, delivery) {
    const file = fileDelivery.parse(JSON.parse(delivery.body));
    const row = await findExport(ctx, delivery.programId, file.exportId);
    if (!row) return { ...notTaken('The export was deleted.'), final: 'refused' };
    const result = await attempt(ctx, row, file);
    // A test is one attempt: whoever asked for it is waiting, and asks again.
    return result.failure !== undefined && file.runId === null ? { ...result, final: 'refused' } : result;
  },

  onOutcome(ctx, delivery, result, status) {
    const file = fileDelivery.parse(JSON.parse(delivery.body));
    const { runId, localDate } = file;
    const statements =
      runId === null
        ? testEffects(ctx, delivery, file, status)
        : nightEffects(ctx, delivery, { ...file, runId }, result, status);
    if (runId === null || localDate === null) return { statements };
    return {
      statements,
      async committed() {
        if (status === 'waiting') return;
        await settleRun(ctx, delivery.programId, file.exportId, localDate);
        // The manifest that has just become due.
        if (file.manifest)
          await ctx.queues.export.send([{ type: 'delivery', deliveryId: file.manifest.deliveryId }]);
      },
    };
  },
};

async function attempt(ctx: Ctx, row: Export, file: FileDelivery): Promise<AttemptResult> {
  if (ctx.relay === null) return { ...notTaken('This hub has no SFTP relay now.'), needsPerson: true };
  if (row.hostKeys.length === 0) {
    const detail = 'No host key is pinned, so no credential is sent: probe the host and pin one.';
    return { ...notTaken(detail), needsPerson: true };
  }
  const { host, port, username, directory, hostKeys, mode } = row;
  const envelope = {
    ...{ host, port, username, ...(await openCredentials(ctx, row)), hostKeys, directory, mode },
    ...{ name: file.name, size: file.sizeBytes, sha256: file.sha256 },
  };
  for (let tries = 1; ; tries++) {
    const stored = await ctx.objects.get(file.objectKey);
    if (!stored) return { ...notTaken('The file has passed its retention.'), final: 'refused' };
    const answer = await relayPut(ctx, envelope, async () => stored.body);
    const isBusy = answer.kind === 'refused' && [429, 503].includes(answer.status);
    if (!isBusy || tries >= busyTries) return toResult(answer);
    await scheduler.wait(Math.min((answer.retryAfterSeconds ?? 5) * 1_000, busyWaitMs));
  }
}

function notTaken(detail: string): AttemptResult {
  return { failure: 'connect', detail, excerpt: '', retryAfter: null, uncertain: false };
}

/** What the ledger keeps of an answer. */
const excerptLimit = 1_024;

const beforeLogin = ['resolve', 'connect', 'handshake', 'hostkey'];

function toResult(answer: RelayAnswer<Arrived>): AttemptResult {
  switch (answer.kind) {
    case 'unreachable':
      return notTaken('The SFTP relay could not be reached; nothing was attempted.');
    case 'lost':
      return {
        ...notTaken('The SFTP relay ended before its answer; whether the file arrived is not known.'),
        failure: 'timeout',
        uncertain: true,
      };
    case 'refused':
      return {
        ...notTaken(`The SFTP relay took no work (${answer.status} ${answer.code}): ${answer.message}`),
        // Tokens that differ, or a clock that is wrong: the staff's to mend.
        needsPerson: ![429, 503].includes(answer.status),
      };
    case 'verdict':
      return answer.verdict.ok ? arrivedResult(answer.verdict) : failedResult(answer.verdict);
  }
}

function arrivedResult(verdict: Arrived): AttemptResult {
  const { ok: _, ...evidence } = verdict;
  const { remotePath, bytes, durationMs, host, sha256 } = evidence;
  const whole = JSON.stringify(evidence);
  return {
    detail: `${bytes} bytes at ${remotePath} in ${durationMs} ms, to the host with ${host.keyType} ${host.fingerprint}.`,
    excerpt: whole.length <= excerptLimit ? whole : JSON.stringify({ bytes, sha256, durationMs, host }),
    retryAfter: null,
    uncertain: false,
  };
}

function failedResult({ phase, code, message, retry, uncertain, timeout }: Failed): AttemptResult {
  return {
    failure: timeout ? 'timeout' : beforeLogin.includes(phase) ? 'connect' : 'status',
    detail: `${message} (${phase}: ${code})`,
    excerpt: JSON.stringify({ phase, code }),
    retryAfter: null,
    uncertain,
    needsPerson: !retry,
  };
}

type Status = 'delivered' | 'waiting' | 'exhausted' | 'cancelled';

function testEffects(
  ctx: Ctx,
  { programId }: DueDelivery,
  { exportId }: FileDelivery,
  status: Status,
): OutcomeEffects['statements'] {
  return status === 'delivered' ? [endAttention(ctx, programId, 'export_failing', exportId)] : [];
}

function nightEffects(
  ctx: Ctx,
  delivery: DueDelivery,
  file: FileDelivery & { runId: string },
  result: AttemptResult,
  status: Status,
): OutcomeEffects['statements'] {
  const { programId, deliveryId } = delivery;
  const { runId, exportId, manifest, localDate } = file;
  const at = ctx.now();
  if (status === 'waiting') {
    return [
      markFile(ctx, deliveryId, runId, { reason: result.detail }),
      ...(result.needsPerson
        ? [
            raiseAttention(ctx, {
              programId,
              kind: 'export_failing',
              subject: exportId,
              audience: 'both' as const,
              message: `The night of ${localDate} of export ${exportId} does not arrive. ${result.detail}`,
              nextStep: 'It is tried again on schedule, but a retry alone cannot mend this: someone has to.',
              traceId: delivery.traceId,
            }),
          ]
        : []),
    ];
  }
  // The sweeper settles the night where we die before we do.
  const wake = updateRun(ctx, runId, { wakeAt: at });
  if (status !== 'delivered') {
    return [
      markFile(ctx, deliveryId, runId, { status: 'exhausted', reason: result.detail, endedAt: at }),
      ...(manifest ? [dropManifest(ctx, runId, manifest.name, 'Its file did not arrive.')] : []),
      wake,
    ];
  }
  return [
    markFile(ctx, deliveryId, runId, {
      ...{ status: 'delivered', evidence: result.excerpt, reason: null, endedAt: at },
    }),
    ...(manifest ? manifestEffects(ctx, delivery, { ...file, manifest }) : []),
    endAttention(ctx, programId, 'export_failing', exportId),
    wake,
  ];
}

function manifestEffects(
  ctx: Ctx,
  delivery: DueDelivery,
  file: FileDelivery & { runId: string; manifest: NonNullable<FileDelivery['manifest']> },
): OutcomeEffects['statements'] {
  const target = new URL(delivery.target);
  const { deliveryId, ...manifest } = file.manifest;
  const to = { programId: delivery.programId, host: target.hostname, port: Number(target.port || 22) };
  return [
    fileDeliveryRow(ctx, to, {
      ...{ deliveryId, type: 'export.file', traceId: delivery.traceId, about: file.runId },
      body: { ...file, ...manifest, manifest: null },
    }),
    sendManifest(ctx, file.runId, manifest.name, deliveryId),
  ];
}
