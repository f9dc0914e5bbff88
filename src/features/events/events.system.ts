import { eq } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { events } from './table.ts';

/** Across tenants, for a system key that names an event alone. */
export async function programOfEvent(ctx: Ctx, eventId: string): Promise<string | null> {
  const [row] = await ctx.db
    .select({ programId: events.programId })
    .from(events)
    .where(eq(events.eventId, eventId))
    .limit(1);
  return row?.programId ?? null;
}
