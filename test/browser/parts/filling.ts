import { idAlphabet, newId } from '../../../src/platform/ids.ts';
import { multiplyRow } from '../../support/database.ts';
import { stage, system } from '../../support/stage.ts';

// Many rows, written past the hub.

/** As many as fill a page, and go on. */
export const few = 60;

export const dayMs = 86_400_000;

/** Rows of a month, the last of them now: ids begin with their time, as the hub's own do. */
export interface Filled {
  programId: string;
  rows: number;
  nowMs: number;
  /** Of all rows, where they are not of one moment. */
  spreadMs: number;
}

const tagOf = ({ programId }: Filled) => programId.slice(-3);

/** The id of a row, as the expression below makes it. */
export function idOf(of: Filled, prefix: string, n: number): string {
  const atMs = of.nowMs - (of.rows - n) * Math.floor(of.spreadMs / of.rows);
  return `${newId(prefix as 'job', atMs).slice(0, 14)}${tagOf(of)}${String(n).padStart(13, '0')}`;
}

/** @param trace an SQL expression; each row has a trace of its own unless told. */
export function fill(of: Filled, trace?: string): void {
  const { programId, rows } = of;
  const at = `(${of.nowMs} - (${rows} - n) * ${Math.floor(of.spreadMs / rows)})`;
  const time = Array.from(
    { length: 10 },
    (_, i) => `substr('${idAlphabet}', (${at} / ${32 ** (9 - i)}) % 32 + 1, 1)`,
  ).join(' || ');
  const id = (prefix: string) => `'${prefix}_' || ${time} || printf('${tagOf(of)}%013d', n)`;
  const own = `program_id = '${stage.program.programId}'`;
  const program = { program_id: `'${programId}'` };
  multiplyRow(stage.hub, 'deliveries', `${own} AND status = 'delivered' AND endpoint_id = ''`, rows, {
    ...program,
    delivery_id: id('dlv'),
    message_id: id('msg'),
    trace_id: trace ?? id('tra'),
    created_at: at,
    dedupe_key: `'${programId}' || n`,
  });
  multiplyRow(stage.hub, 'jobs', `job_id = '${stage.ids.jobId}'`, Math.min(rows, Math.max(few, rows / 5)), {
    ...program,
    sequence: '',
    job_id: id('job'),
    trace_id: trace ?? id('tra'),
    queued_at: at,
  });
  multiplyRow(stage.hub, 'events', own, rows, {
    ...program,
    sequence: '',
    event_id: id('evt'),
    received_at: at,
    publisher_event_id: `'p' || n`,
    trace_id: trace ?? id('tra'),
  });
  multiplyRow(stage.hub, 'audit_log', own, rows, { ...program, audit_id: id('aud') });
}

export const clock = async () =>
  Date.parse((await system()('POST', '/dev/clock', { body: { aheadSeconds: 0 } })).body.now);
