import type { Ctx } from '../../context.ts';
import { rowsOf, type Statement } from '../../platform/d1.ts';
import type { AnnouncedRow } from './announced.ts';

const kept = new WeakMap<Ctx, Map<string, Statement>>();
const ticketPrefix = 'due:';

/** A name for what a statement will make due, which is not known before it is committed. */
export function keepForStart(ctx: Ctx, statement: Statement): string {
  const tickets = kept.get(ctx) ?? new Map<string, Statement>();
  kept.set(ctx, tickets);
  const ticket = `${ticketPrefix}${tickets.size + 1}`;
  tickets.set(ticket, statement);
  return ticket;
}

export function isTicket(deliveryId: string): boolean {
  return deliveryId.startsWith(ticketPrefix);
}

/** What the committed statement behind a ticket made due; empty where it was not committed. */
export function dueOf(ctx: Ctx, ticket: string): AnnouncedRow[] {
  const statement = kept.get(ctx)?.get(ticket);
  kept.get(ctx)?.delete(ticket);
  return statement ? (rowsOf(statement) as AnnouncedRow[]) : [];
}
