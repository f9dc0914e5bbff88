import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { findAnyRun } from './exports.system.ts';
import { joinOutput } from './join.ts';
import { beginNights } from './nights.ts';
import { RowWriter } from './rows.ts';
import { sendFiles } from './send.ts';
import { settleRun } from './settle.ts';
import { StepMemory, stageEvents } from './stage.ts';
import { initialState, LeaseLost, NightFault, type WriteState } from './state.ts';
import {
  claimRun,
  type ExportFile,
  findExport,
  listFiles,
  objectKeys,
  type Run,
  saveFile,
  updateHeld,
  updateRun,
} from './store.ts';

export interface RunBudget {
  /** Of the log, each a statement. */
  pages: number;
  steps: number;
}

const leaseMs = 45_000;
const wakeMs = 60_000;
const stuckWaitMs = 3_600_000;
/** Staff hear of the fifth failure in a row; it is tried again all the same. */
const failuresBeforeAlert = 5;

/** `more`: send the next message. `later`: nothing to do now, the run knows when to wake. */
export type RunResult = 'more' | 'later';

/** Does a bounded part of a night, whatever state it was left in. */
export async function continueRun(ctx: Ctx, runId: string, budget: RunBudget): Promise<RunResult> {
  const run = await findAnyRun(ctx, runId);
  if (!run || run.wakeAt === null) return 'later';
  const { programId, exportId } = run;
  if (!['due', 'writing', 'written'].includes(run.status)) {
    await settleRun(ctx, programId, exportId, run.localDate);
    return 'later';
  }
  const row = await findExport(ctx, programId, exportId);
  if (!row) {
    await commit(ctx.db, [updateRun(ctx, runId, { wakeAt: null, message: 'The export was deleted.' })]);
    return 'later';
  }
  const token = newId('lse', ctx.wallNow());
  const [claimed] = await commit(ctx.db, [claimRun(ctx, run, token, ctx.now() + leaseMs)]);
  if (claimed?.changes !== 1) return 'later';
  const held = { ...run, status: run.status === 'due' ? ('writing' as const) : run.status };
  try {
    return await runSteps(
      ctx,
      held,
      token,
      run.state === null ? initialState(row, run) : JSON.parse(run.state),
      budget,
    );
  } catch (error) {
    if (error instanceof LeaseLost) return 'later';
    await putOff(ctx, held, token, error);
    return 'later';
  }
}

async function runSteps(
  ctx: Ctx,
  run: Run,
  token: string,
  from: WriteState,
  budget: RunBudget,
): Promise<RunResult> {
  let state = from;
  let pages = 0;
  const memory = new StepMemory();
  for (let steps = 0; steps < budget.steps && pages < budget.pages; steps++) {
    if (state.phase === 'ready') {
      await handOver(ctx, run, token, state);
      return 'later';
    }
    let files: ExportFile[] = [];
    if (state.phase === 'reading') {
      const staged = await stageEvents(ctx, run, state, token, memory);
      pages += staged.pages;
      state = staged.state.phase === 'joining' ? withEmptyOutputs(staged.state, run) : staged.state;
    } else {
      ({ state, files } = await joinNext(ctx, run, token, state));
    }
    await save(ctx, run, token, state, files);
  }
  await commit(ctx.db, [updateHeld(ctx, run.runId, token, { leaseToken: null, leaseUntil: null })]);
  return 'more';
}

/** An empty day is a file, too, where that was asked for. */
function withEmptyOutputs(state: WriteState, run: Run): WriteState {
  const { types, emptyDay, format, guardFormulas } = state.settings;
  const known = new Set(state.outputs.map(({ event }) => event));
  const absent = emptyDay === 'send' ? types.filter((event) => !known.has(event)) : [];
  const options = { programId: run.programId, format, guardFormulas };
  const empty = absent.map((event) => {
    return { event, rows: 0, columns: new RowWriter(event, options).columns, segments: [] };
  });
  return { ...state, outputs: [...state.outputs, ...empty] };
}

async function joinNext(
  ctx: Ctx,
  run: Run,
  token: string,
  state: WriteState,
): Promise<{ state: WriteState; files: ExportFile[] }> {
  const output = state.outputs[state.joined];
  if (output === undefined) return { state: { ...state, phase: 'ready' }, files: [] };
  const files = await joinOutput(ctx, run, output, state.settings, async () => {
    const [kept] = await commit(ctx.db, [
      updateHeld(ctx, run.runId, token, { leaseUntil: ctx.now() + leaseMs }),
    ]);
    if (kept?.changes !== 1) throw new LeaseLost();
  });
  return { state: { ...state, joined: state.joined + 1 }, files };
}

/** The checkpoint, with what the step has made. A step whose lease has gone to another counts for nothing. */
async function save(
  ctx: Ctx,
  run: Run,
  token: string,
  state: WriteState,
  files: ExportFile[],
): Promise<void> {
  const at = ctx.now();
  run.step++;
  if (state.phase === 'ready') run.status = 'written';
  const written = state.outputs.reduce((sum, { rows }) => sum + rows, 0);
  const [kept] = await commit(ctx.db, [
    updateHeld(ctx, run.runId, token, {
      state: JSON.stringify(state),
      step: run.step,
      status: run.status,
      events: written,
      failures: 0,
      leaseUntil: at + leaseMs,
      wakeAt: at + wakeMs,
      message: `Being written: ${written} events.`,
      ...(state.phase === 'ready' ? { writtenAt: at } : {}),
    }),
    ...files.map((file) => saveFile(ctx, file)),
  ]);
  if (kept?.changes !== 1) throw new LeaseLost();
}

/** Every file is whole: they become due, what was staged goes, and the next missed night may begin. */
async function handOver(ctx: Ctx, run: Run, token: string, state: WriteState): Promise<void> {
  const files = await listFiles(ctx, run.programId, run.runId);
  const row = await findExport(ctx, run.programId, run.exportId);
  if (!row) return;
  const sent = sendFiles(ctx, row, run, files, 1);
  const at = ctx.now();
  const isEmpty = files.length === 0;
  const [kept] = await commit(ctx.db, [
    updateHeld(ctx, run.runId, token, {
      state: null,
      wakeAt: null,
      sends: isEmpty ? 0 : 1,
      status: isEmpty ? 'delivered' : 'delivering',
      endedAt: isEmpty ? at : null,
      message: isEmpty ? 'No events on that day: nothing was sent.' : 'On its way.',
    }),
    ...sent.statements,
    endAttention(ctx, run.programId, 'export_not_written', run.runId),
    updateHeld(ctx, run.runId, token, { leaseToken: null, leaseUntil: null }),
  ]);
  if (kept?.changes !== 1) throw new LeaseLost();
  ctx.log.line('export.written', {
    runId: run.runId,
    programId: run.programId,
    traceId: run.traceId,
    files: files.length,
    events: state.outputs.reduce((sum, { rows }) => sum + rows, 0),
  });
  await sent.start();
  await eraseStaged(ctx, run);
  await beginNights(ctx, run.programId, run.exportId);
}

/** What is left behind where this fails goes with the run's other objects. */
async function eraseStaged(ctx: Ctx, run: Run): Promise<void> {
  for (;;) {
    const page = await ctx.objects.list(objectKeys.staged(run), { limit: 1_000 });
    await ctx.objects.delete(page.objects.map(({ key }) => key));
    if (page.cursor === null) return;
  }
}

/** A fault of ours waits longer each time; one of the export's settings until someone changes them. */
async function putOff(ctx: Ctx, run: Run, token: string, error: unknown): Promise<void> {
  const { runId, programId, exportId, localDate, traceId } = run;
  const failures = run.failures + 1;
  const isFault = error instanceof NightFault;
  if (!isFault) ctx.log.error('export.write_failed', error, { runId, programId, exportId, failures });
  const waitMs = isFault ? stuckWaitMs : Math.min(10_000 * 2 ** (failures - 1), stuckWaitMs);
  const why = isFault ? error.message : 'Writing it failed on our side; our staff have been told.';
  const released = { leaseToken: null, leaseUntil: null, wakeAt: ctx.now() + waitMs, failures };
  await commit(ctx.db, [
    updateHeld(ctx, runId, token, {
      ...released,
      // It begins anew with the settings as they are then.
      ...(isFault ? { state: null, events: 0 } : {}),
      message: why,
    }),
    ...(isFault || failures >= failuresBeforeAlert
      ? [
          raiseAttention(ctx, {
            programId,
            kind: 'export_not_written',
            subject: runId,
            audience: 'both' as const,
            message: `The night of ${localDate} of export ${exportId} is not written. ${why}`,
            nextStep: 'It is tried again at least once an hour; later nights wait for it.',
            traceId,
          }),
        ]
      : []),
  ]);
  if (waitMs <= 600_000)
    await ctx.queues.export.send([{ type: 'run', runId }], { delaySeconds: Math.ceil(waitMs / 1_000) });
}
