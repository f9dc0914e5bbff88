import type { KnownKey } from '../records/index.ts';
import type { RejectedRow } from './rows.ts';
import type { JobError } from './schema.ts';
import { clashMark, deletedMark, rejectedMark, type StagedRow } from './staging.ts';

export interface Merged {
  /** By key, the row that counts; a rejected one only says that its key is there. */
  byKey: Map<string, StagedRow>;
  /** Rows equal to one before: they change nothing. */
  repeats: number;
  /** Rows that are good by themselves and rejected for what other rows say. */
  rejects: RejectedRow[];
}

/**
 * Makes one row of each key. Pure. Rows of a key that differ are all rejected, for nobody can say which is
 * right; rows that clash with another key's over a unique field are, too.
 */
export function mergeRows(rows: StagedRow[]): Merged {
  const groups = new Map<string, StagedRow[]>();
  for (const row of rows) {
    const group = groups.get(row.keyJson);
    if (group) group.push(row);
    else groups.set(row.keyJson, [row]);
  }
  const merged: Merged = { byKey: new Map(), repeats: 0, rejects: [] };
  for (const [keyJson, group] of groups) merged.byKey.set(keyJson, mergeGroup(group, merged));
  merged.rejects.sort((a, b) => a.line - b.line);
  return merged;
}

function mergeGroup(group: StagedRow[], merged: Merged): StagedRow {
  const [only] = group;
  if (group.length === 1 && only && only.fingerprint !== clashMark) return only;
  const clashes = new Map(group.filter(isClash).map((row) => [row.line, row.dataJson]));
  const good: StagedRow[] = [];
  for (const row of group) {
    if (row.fingerprint === rejectedMark || isClash(row)) continue;
    const clash = clashes.get(row.line);
    if (clash === undefined) good.push(row);
    else merged.rejects.push(rejectedFor(row, JSON.parse(clash)));
  }
  const [first] = good;
  if (first && good.every((row) => row.fingerprint === first.fingerprint)) {
    merged.repeats += good.length - 1;
    return first;
  }
  merged.rejects.push(...conflictOf(good));
  return { ...(group[0] as StagedRow), fingerprint: rejectedMark, dataJson: '' };
}

const isClash = (row: StagedRow) => row.fingerprint === clashMark;

function rejectedFor(row: StagedRow, error: JobError): RejectedRow {
  return { line: row.line, values: JSON.parse(row.dataJson), errors: [error] };
}

function conflictOf(rows: StagedRow[]): RejectedRow[] {
  const message = `Rows with this key differ (lines ${lineList(rows)}): keep one of them.`;
  return rows.map((row) => rejectedFor(row, { line: row.line, column: null, code: 'key_conflict', message }));
}

/** The first five lines, for a message. */
export function lineList(rows: { line: number }[]): string {
  const lines = rows.map((row) => row.line).sort((a, b) => a - b);
  return `${lines.slice(0, 5).join(', ')}${lines.length > 5 ? ' …' : ''}`;
}

/** What is to be done to one key: insert, update, delete. */
export interface Operation {
  bucket: number;
  keyJson: string;
  kind: 'i' | 'u' | 'd';
  fingerprint: string;
  dataJson: string;
  /** Size of what is there now. */
  bytesBefore: number;
}

export interface Compared {
  operations: Operation[];
  inserted: number;
  updated: number;
  unchanged: number;
  deleted: number;
}

/** Pure: what turns the known keys into the merged ones, in the order of (bucket, key). */
export function compare(merged: Pick<Merged, 'byKey'>, known: KnownKey[], deletesAbsent: boolean): Compared {
  const stored = new Map(known.map((one) => [JSON.stringify(one.key), one]));
  const compared: Compared = { operations: [], inserted: 0, updated: 0, unchanged: 0, deleted: 0 };
  const remove = (keyJson: string, { bucket, sizeBytes }: KnownKey) => {
    const none = { fingerprint: '', dataJson: '' };
    compared.operations.push({ bucket, keyJson, kind: 'd', ...none, bytesBefore: sizeBytes });
    compared.deleted++;
  };
  for (const row of merged.byKey.values()) {
    const { bucket, keyJson, fingerprint, dataJson } = row;
    const before = stored.get(keyJson);
    if (fingerprint === rejectedMark) continue;
    if (fingerprint === deletedMark) {
      if (before) remove(keyJson, before);
      continue;
    }
    if (before?.fingerprint === fingerprint) {
      compared.unchanged++;
      continue;
    }
    const kind = before ? 'u' : 'i';
    if (before) compared.updated++;
    else compared.inserted++;
    compared.operations.push({
      bucket,
      keyJson,
      kind,
      fingerprint,
      dataJson,
      bytesBefore: before?.sizeBytes ?? 0,
    });
  }
  if (deletesAbsent) {
    for (const [keyJson, one] of stored) if (!merged.byKey.has(keyJson)) remove(keyJson, one);
  }
  compared.operations.sort(
    (a, b) => a.bucket - b.bucket || (a.keyJson < b.keyJson ? -1 : a.keyJson > b.keyJson ? 1 : 0),
  );
  return compared;
}
