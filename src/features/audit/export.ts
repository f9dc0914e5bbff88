import type { Ctx } from '../../context.ts';
import { writeCsvRow } from '../../platform/csv/write.ts';
import { utf8 } from '../../platform/encoding.ts';
import { type AuditEntry, type AuditFilter, listAudit } from './store.ts';

const columns = ['at', 'actor', 'action', 'target', 'requestId', 'detail', 'auditId'] as const;

/** Entries of one reading, and of the whole at most: further ones are another call's, by `before`. */
const pageEntries = 500;
const readingsAtMost = 40;

/** The log as a file for people, newest first: 20,000 entries looked at, read as they are taken. */
export function exportAudit(
  ctx: Ctx,
  programId: string,
  filter: AuditFilter,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let before: string | null = null;
  let readings = 0;
  return new ReadableStream({
    async pull(controller) {
      if (readings === 0) controller.enqueue(utf8(`\ufeff${writeCsvRow(columns)}`));
      readings++;
      const page = await listAudit(ctx, programId, filter, before, pageEntries);
      controller.enqueue(utf8(page.rows.map(toRow).join('')));
      before = page.rows.length === pageEntries ? (page.rows.at(-1)?.auditId ?? null) : page.lookedTo;
      if (before === null || readings >= readingsAtMost) controller.close();
    },
  });
}

function toRow(entry: AuditEntry): string {
  const cells = { ...entry, at: new Date(entry.at).toISOString(), detail: JSON.stringify(entry.detail) };
  return writeCsvRow(
    columns.map((name) => cells[name]),
    { guardFormulas: true },
  );
}
