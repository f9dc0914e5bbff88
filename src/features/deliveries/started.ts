import type { Ctx } from '../../context.ts';
import { rowsOf, type Statement } from '../../platform/d1.ts';
import type { AnnouncedRow } from './announced.ts';

/** Of a message what all its deliveries have in common; the database need not say it again. */
export interface AnnouncedMessage {
  type: string;
  /** Null where it is kept apart. */
  body: string | null;
  about: string;
  traceId: string;
  createdAt: number;
}

/** A delivery that a committed statement made due, with its message. */
export type Started = AnnouncedRow & AnnouncedMessage;

/** The messages of a statement, by program and `messageId`. */
export type AnnouncedMessages = Map<string, AnnouncedMessage>;

export const messageKey = ({ programId, messageId }: { programId: string; messageId: string }) =>
  `${programId} ${messageId}`;

interface Kept {
  statement: Statement;
  messages: AnnouncedMessages;
}

const kept = new WeakMap<Ctx, Map<string, Kept>>();
const ticketPrefix = 'due:';

/** A name for what a statement will make due, which is not known before it is committed. */
export function keepForStart(ctx: Ctx, statement: Statement, messages: AnnouncedMessages): string {
  const tickets = kept.get(ctx) ?? new Map<string, Kept>();
  kept.set(ctx, tickets);
  const ticket = `${ticketPrefix}${tickets.size + 1}`;
  tickets.set(ticket, { statement, messages });
  return ticket;
}

export function isTicket(deliveryId: string): boolean {
  return deliveryId.startsWith(ticketPrefix);
}

/** What the committed statement behind a ticket made due; empty where it was not committed. */
export function dueOf(ctx: Ctx, ticket: string): Started[] {
  const found = kept.get(ctx)?.get(ticket);
  kept.get(ctx)?.delete(ticket);
  if (!found) return [];
  return (rowsOf(found.statement) as AnnouncedRow[]).map((row) => {
    const message = found.messages.get(messageKey(row));
    if (!message) throw new Error(`${row.messageId} was made due, and not announced`);
    return { ...row, ...message };
  });
}
