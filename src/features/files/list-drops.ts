import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';

export interface DropListing {
  /** What stands before the folders of this deployment's own drops: `production/`. */
  ownPrefix: string;
  prefix: string;
  /** Empty: no folding. */
  delimiter: string;
  /** Keys after this one alone. */
  startAfter: string;
  /** Entries after this one alone: the last of the page before. */
  after: string;
  limit: number;
}

/** A file under its whole key, or a stretch of keys folded at the delimiter. */
export type DropEntry =
  | { kind: 'prefix'; key: string }
  | { kind: 'file'; key: string; sizeBytes: number; etag: string; updatedAt: number };

interface Row {
  entry: string;
  folded: number;
  sizeBytes: number;
  etag: string;
  updatedAt: number;
}

/**
 * One page of a program's drops in the order of their keys' UTF-8 bytes. Folding is done where the rows
 * are, so that a page costs one statement whatever lies under a prefix.
 */
export async function listDrops(ctx: Ctx, programId: string, listing: DropListing): Promise<DropEntry[]> {
  const { ownPrefix, prefix, delimiter, startAfter, after, limit } = listing;
  const rows = await ctx.db.all<Row>(sql`
    WITH keyed AS (
      SELECT CASE WHEN instr(n.folder, '/') > 0 THEN '' ELSE ${ownPrefix} END || n.folder || '/' || n.filename AS key,
        v.size_bytes AS size, coalesce(v.s3_etag, v.etag) AS etag, v.created_at AS at
      FROM file_names AS n JOIN file_versions AS v ON v.version_id = n.version_id
      WHERE n.program_id = ${programId} AND v.erased_at IS NULL),
    wanted AS (
      SELECT *, CASE WHEN ${delimiter} = '' THEN 0
        ELSE instr(substr(key, length(${prefix}) + 1), ${delimiter}) END AS cut
      FROM keyed
      WHERE substr(key, 1, length(${prefix})) = ${prefix} AND key > ${startAfter}),
    entries AS (
      SELECT CASE WHEN cut = 0 THEN key
        ELSE substr(key, 1, length(${prefix}) + cut + length(${delimiter}) - 1) END AS entry, cut > 0 AS folded, size, etag, at
      FROM wanted)
    SELECT entry, max(folded) AS folded, size AS sizeBytes, etag, at AS updatedAt FROM entries
    WHERE entry > ${after} GROUP BY entry ORDER BY entry LIMIT ${limit}`);
  return rows.map(({ entry, folded, sizeBytes, etag, updatedAt }) =>
    folded === 1 ? { kind: 'prefix', key: entry } : { kind: 'file', key: entry, sizeBytes, etag, updatedAt },
  );
}
