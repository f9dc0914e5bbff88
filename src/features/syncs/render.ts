import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { insertDelivery } from '../deliveries/index.ts';
import { type Event, listEventsAt, listEventsBetween } from '../events/index.ts';
import { type CompiledTemplate, openPayloadTemplate, type Subscription } from '../subscriptions/index.ts';
import { callKey, openPartsKey } from './objects.ts';
import { type Part, PartCutter, readPart, writePart } from './parts.ts';
import { renderRow } from './rows.ts';
import {
  fenceSync,
  insertCall,
  listQuarantine,
  listRetries,
  quarantineRows,
  releaseRows,
  type Sync,
  type SyncCall,
  updateSync,
} from './store.ts';

/** Events read at once, and read before a checkpoint at most. */
const pageEvents = 1_000;
const eventsPerStep = 10_000;

/** What a step found, to be committed with its checkpoint. */
interface Step {
  cutter: PartCutter;
  faults: Parameters<typeof quarantineRows>[2];
  counts: Pick<Sync, 'selected' | 'rendered' | 'ignored' | 'quarantined' | 'unmapped'>;
}

/** The sync as the leased worker knows it, with its lease. */
export interface Work {
  sync: Sync;
  subscription: Subscription;
  token: string;
}

/** Renders the next stretch of the log, up to a full call or so; answers the sync as it then stands. */
export async function renderStretch(ctx: Ctx, work: Work): Promise<Sync> {
  const { sync, subscription } = work;
  const template = openPayloadTemplate(subscription.template);
  const step = await beginStep(ctx, sync);
  let at = sync.renderedTo;
  for (let read = 0; at < sync.untilSequence && read < eventsPerStep && !step.cutter.hasFull(); ) {
    const page = await listEventsBetween(ctx, sync.publisherId, at, sync.untilSequence, pageEvents);
    for (const event of page) place(ctx, step, template, event);
    at = page.at(-1)?.sequence ?? sync.untilSequence;
    read += page.length;
  }
  return checkpoint(ctx, work, step, { renderedTo: at, isEnd: at >= sync.untilSequence }, []);
}

/** Renders events of the quarantine that are to be tried again; null where there are none. */
export async function renderRetries(ctx: Ctx, work: Work): Promise<Sync | null> {
  const { sync, subscription } = work;
  const sequences = await listRetries(ctx, sync, pageEvents);
  if (sequences.length === 0) return null;
  const template = openPayloadTemplate(subscription.template);
  const step = await beginStep(ctx, sync);
  const events = await listEventsAt(ctx, sync.publisherId, sequences);
  for (const event of events) place(ctx, step, template, event);
  const last = events.at(-1)?.sequence ?? Number.POSITIVE_INFINITY;
  // Large events come a few at a time; what is no more in the log is gone from the quarantine too.
  const isWhole = events.length === 0 || last >= (sequences.at(-1) ?? 0);
  const seen = isWhole ? sequences : sequences.filter((sequence) => sequence <= last);
  const failed = new Set(step.faults.map(({ sequence }) => sequence));
  const gone = seen.filter((sequence) => !failed.has(sequence));
  const left = await listQuarantine(ctx, sync, 0, gone.length + 1);
  const isEmpty = left.every(({ sequence }) => gone.includes(sequence));
  return checkpoint(ctx, work, step, { renderedTo: sync.renderedTo, isEnd: true }, [
    releaseRows(ctx, sync, gone),
    ...(isEmpty ? [endAttention(ctx, sync.programId, quarantineKind, sync.publisherId)] : []),
  ]);
}

async function beginStep(ctx: Ctx, sync: Sync): Promise<Step> {
  const { selected, rendered, ignored, quarantined, unmapped } = sync;
  return {
    cutter: new PartCutter(await readOpenParts(ctx, sync)),
    faults: [],
    counts: { selected, rendered, ignored, quarantined, unmapped: { ...unmapped } },
  };
}

const unmappedAtMost = 20;

function place(ctx: Ctx, step: Step, template: CompiledTemplate & { ok: true }, event: Event): void {
  const { counts } = step;
  counts.selected += 1;
  if (event.deletedAt !== null) {
    counts.ignored += 1;
    return;
  }
  const made = renderRow(template, event, ctx.now());
  if (made.kind === 'row') {
    counts.rendered += 1;
    step.cutter.add(made.processId, made.line, event.sequence);
  } else if (made.kind === 'ignored') {
    counts.ignored += 1;
    const category = event.category?.value ?? '';
    const known = counts.unmapped[category];
    if (
      made.mapping === null &&
      (known !== undefined || Object.keys(counts.unmapped).length < unmappedAtMost)
    )
      counts.unmapped[category] = (known ?? 0) + 1;
  } else {
    counts.quarantined += 1;
    const { sequence, eventId } = event;
    step.faults.push({ sequence, eventId, category: made.mapping.category, fault: made.fault, retry: false });
  }
}

/**
 * Commits a step: full calls with the deliveries that send them, the quarantine, and how far the log is
 * rendered, all at once. Objects are written before, so that what the rows point at is there.
 */
async function checkpoint(
  ctx: Ctx,
  { sync, token }: Work,
  step: Step,
  to: { renderedTo: number; isEnd: boolean },
  also: Statement[],
): Promise<Sync> {
  const { full, open } = step.cutter.take(to.isEnd);
  const parts = { ...sync.parts };
  const calls = full.map((part) => toCall(ctx, sync, part, parts));
  for (const { call, part } of calls) await ctx.objects.put(callKey(call), writePart(part));
  const openParts = open.length === 0 ? null : openPartsKey(sync, newId('lse', ctx.wallNow()));
  if (openParts !== null) await ctx.objects.put(openParts, writeOpenParts(open));
  const change = {
    ...step.counts,
    parts,
    openParts,
    renderedTo: to.renderedTo,
    leaseUntil: ctx.now() + syncLeaseMs,
  };
  await commit(ctx.db, [
    fenceSync(ctx, sync.syncId, token),
    ...also,
    ...calls.flatMap(({ call }) => [insertCall(ctx, call), deliveryOf(ctx, sync, call)]),
    ...quarantineRows(ctx, sync, step.faults),
    ...quarantineProblem(ctx, sync, step),
    updateSync(ctx, sync.syncId, change),
  ]);
  if (sync.openParts !== null) await ctx.objects.delete([sync.openParts]);
  return { ...sync, ...change };
}

export const syncLeaseMs = 60_000;

function toCall(
  ctx: Ctx,
  sync: Sync,
  part: Part,
  parts: Record<string, number>,
): { call: SyncCall; part: Part } {
  const number = (parts[part.processId] ?? 0) + 1;
  parts[part.processId] = number;
  const { processId, sequences, lines, bytes } = part;
  const call: SyncCall = {
    name: `${sync.syncId}-${processId}-${number}`,
    syncId: sync.syncId,
    programId: sync.programId,
    publisherId: sync.publisherId,
    processId,
    part: number,
    deliveryId: newId('dlv', ctx.now()),
    rows: lines.length,
    bytes,
    firstSequence: sequences[0] ?? 0,
    lastSequence: Math.max(...sequences.slice(-1)),
    state: 'pending',
    queueBatchId: null,
    uncertain: false,
    acceptedAt: null,
  };
  return { call, part };
}

export const batchType = 'subscription.batch';

function deliveryOf(ctx: Ctx, sync: Sync, call: SyncCall): Statement {
  return insertDelivery(ctx, {
    deliveryId: call.deliveryId,
    programId: sync.programId,
    channel: 'batch',
    type: batchType,
    messageId: call.name,
    dedupeKey: `batch:${call.name}`,
    target: `CreateBatch, process ${call.processId}`,
    secretPurpose: '',
    subject: call.name,
    // The rows are personal data, and in the object store until they are accepted.
    body: JSON.stringify({ publisherId: call.publisherId, rows: call.rows, bytes: call.bytes }),
    traceId: sync.traceId,
    about: sync.syncId,
  });
}

/** One problem per subscription while anything is in its quarantine. */
function quarantineProblem(ctx: Ctx, sync: Sync, step: Step): Statement[] {
  const { programId, publisherId } = sync;
  const [first] = step.faults;
  if (first) {
    return [
      raiseAttention(ctx, {
        programId,
        kind: quarantineKind,
        subject: publisherId,
        audience: 'program',
        message: `Events of ${publisherId} could not be rendered and are in quarantine. ${first.fault.message}`,
        nextStep: `Mend the template of category "${first.category}", then POST …/eventSubs/${publisherId}/quarantine/retry.`,
        traceId: sync.traceId,
      }),
    ];
  }
  return [];
}

export const quarantineKind = 'sync_quarantine';

async function readOpenParts(ctx: Ctx, sync: Sync): Promise<Part[]> {
  if (sync.openParts === null) return [];
  const object = await ctx.objects.get(sync.openParts);
  if (!object) throw new Error('the open parts of a sync are gone');
  return JSON.parse(await object.text()).map(
    ({ processId, bytes, text }: { processId: string; bytes: number; text: string }) => ({
      processId,
      bytes,
      ...readPart(text),
    }),
  );
}

function writeOpenParts(open: Part[]): string {
  return JSON.stringify(
    open.map((part) => ({ processId: part.processId, bytes: part.bytes, text: writePart(part) })),
  );
}
