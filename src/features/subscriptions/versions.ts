import { and, desc, eq, lt, lte, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { templateVersions } from './table.ts';

export type TemplateVersion = typeof templateVersions.$inferSelect;

interface Pair {
  programId: string;
  publisherId: string;
}

/** So many are kept of a subscription, the present one among them. */
const keptVersions = 50;

/**
 * The statements that keep the template as the subscription holds it at this place of the transaction, and drop
 * the oldest. One that is kept already stays as it is.
 */
export function keepVersion(
  ctx: Ctx,
  { programId, publisherId }: Pair,
  of: { author: string | null; savedAt: number; revertOf?: number | undefined },
): Statement[] {
  const isThis = sql`program_id = ${programId} AND publisher_id = ${publisherId}`;
  return [
    ctx.db.run(sql`INSERT INTO template_versions (program_id, publisher_id, version, template, author, saved_at, revert_of)
      SELECT program_id, publisher_id, template_version, template, ${of.author}, ${of.savedAt}, ${of.revertOf ?? null}
      FROM subscriptions WHERE ${isThis} ON CONFLICT DO NOTHING`),
    ctx.db.run(sql`DELETE FROM template_versions WHERE ${isThis} AND version <=
      (SELECT template_version FROM subscriptions WHERE ${isThis}) - ${keptVersions}`),
  ];
}

const ofPair = ({ programId, publisherId }: Pair): SQL | undefined =>
  and(eq(templateVersions.programId, programId), eq(templateVersions.publisherId, publisherId));

/** Newest first, without their texts. */
export function listVersions(
  ctx: Ctx,
  of: Pair,
  before: number | null,
  limit: number,
): Promise<Omit<TemplateVersion, 'template' | 'programId' | 'publisherId'>[]> {
  const { version, author, savedAt, revertOf } = templateVersions;
  return ctx.db
    .select({ version, author, savedAt, revertOf })
    .from(templateVersions)
    .where(and(ofPair(of), before === null ? undefined : lt(version, before)))
    .orderBy(desc(version))
    .limit(limit);
}

export async function findVersion(ctx: Ctx, of: Pair, version: number): Promise<TemplateVersion | null> {
  const [row] = await ctx.db
    .select()
    .from(templateVersions)
    .where(and(ofPair(of), eq(templateVersions.version, version)))
    .limit(1);
  return row ?? null;
}

/** The one that held at a time; null where it is not kept any more. */
export async function findVersionAt(ctx: Ctx, of: Pair, atMs: number): Promise<TemplateVersion | null> {
  const [row] = await ctx.db
    .select()
    .from(templateVersions)
    .where(and(ofPair(of), lte(templateVersions.savedAt, atMs)))
    .orderBy(desc(templateVersions.version))
    .limit(1);
  return row ?? null;
}

/** Those of the subscriptions that the condition, over `subscriptions`, finds: they go with them. */
export function forgetVersions(ctx: Ctx, condition: SQL): Statement {
  return ctx.db.run(sql`DELETE FROM template_versions WHERE (program_id, publisher_id) IN
    (SELECT program_id, publisher_id FROM subscriptions WHERE ${condition})`);
}
