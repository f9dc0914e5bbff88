import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import type { MessageType } from '../webhooks/index.ts';
import { deliveryPrefix, insertAnnounced, insertBodies } from './announced.ts';
import { startedAtOnce } from './policy.ts';
import { type AnnouncedMessage, keepForStart, messageKey } from './started.ts';

/** Something that endpoints of a program may want to hear of. */
export interface Announcement {
  /** Whose endpoints; one that was published to several programs is announced to each. */
  programId: string;
  type: MessageType;
  /** Or its JSON text, which goes out character for character. */
  data: Record<string, unknown> | string;
  /** The id of what it tells of. */
  about: string;
  traceId: string;
  /** For messages about events: their category, null where they have none. Left out: no filter applies. */
  category?: string | null;
  /**
   * What receivers see as `webhook-id`, and what makes it due once per endpoint: the same again adds nothing.
   * `msg_` and the 26 characters of an id, such as those of the event that it tells of.
   */
  messageId: string;
  /** When it happened; now unless told. */
  atMs?: number;
  /** Never to this endpoint: it is what the message complains of. */
  exceptEndpointId?: string;
  /** To this endpoint alone, whatever it listens to. */
  onlyEndpointId?: string;
}

export interface Announced {
  /** They commit together with the state change that causes them. */
  statements: Statement[];
  /** For `startDeliveries`, after the commit; they stand for whatever the statements make due. */
  deliveryIds: string[];
}

/** The statements that make a message due at every endpoint of the program that wants it. */
export function announce(ctx: Ctx, announcement: Announcement, onlyIf?: SQL): Promise<Announced> {
  return announceAll(ctx, [announcement], onlyIf);
}

const always = sql`true`;

/** A statement's JSON stays well below D1's 2 MB for a value. */
const statementChars = 600_000;

/**
 * The same for many at once: one statement for each type and 600 KB, whatever the number of messages or
 * endpoints; who wants what is decided inside the transaction, so that an endpoint created, changed or paused
 * a moment ago is seen. `onlyIf` is a condition for each row, which sees it as `due` (`due.about`,
 * `due.message_id`): for what may turn out in the transaction not to have happened.
 */
export async function announceAll(ctx: Ctx, announcements: Announcement[], onlyIf?: SQL): Promise<Announced> {
  const byType = new Map<MessageType, Announcement[]>();
  for (const one of announcements) {
    const same = byType.get(one.type);
    if (same) same.push(one);
    else byType.set(one.type, [one]);
  }
  const announced: Announced = { statements: [], deliveryIds: [] };
  let startNow = startedAtOnce;
  for (const [type, same] of byType) {
    const messages = same.map((one) => toMessage(ctx, one));
    const known = new Map(messages.map(({ key, message }) => [key, message]));
    for (const rows of chunk(messages.map(({ row }) => row))) {
      const statement = insertAnnounced(ctx, type, rows, startNow, onlyIf ?? always);
      // What one statement may start is for the first alone: the others' endpoints are not known here.
      startNow = 0;
      announced.statements.push(statement);
      announced.deliveryIds.push(keepForStart(ctx, statement, known));
    }
    const large = messages.flatMap(({ largeBody }) => (largeBody === null ? [] : [largeBody]));
    for (const rows of chunk(large)) announced.statements.push(insertBodies(ctx, rows));
  }
  return announced;
}

function* chunk(rows: string[]): Generator<string> {
  let part: string[] = [];
  let size = 0;
  for (const row of rows) {
    if (part.length > 0 && size + row.length > statementChars) {
      yield `[${part.join(',')}]`;
      part = [];
      size = 0;
    }
    part.push(row);
    size += row.length;
  }
  if (part.length > 0) yield `[${part.join(',')}]`;
}

/** Longer ones are kept once per message: each change of a row writes the whole of it. */
const inlineBodyChars = 4_000;

interface Message {
  /** As `insertAnnounced` reads it. */
  row: string;
  /** As `insertBodies` reads it; null where the row holds it. */
  largeBody: string | null;
  key: string;
  message: AnnouncedMessage;
}

function toMessage(ctx: Ctx, one: Announcement): Message {
  const at = one.atMs ?? ctx.now();
  const data = typeof one.data === 'string' ? one.data : JSON.stringify(one.data);
  const envelope = JSON.stringify({ type: one.type, timestamp: new Date(at).toISOString() });
  const body = `${envelope.slice(0, -1)},"data":${data}}`;
  const isLarge = body.length > inlineBodyChars;
  const named = /^[a-z]{2,5}_[0-9a-z]{26}$/.test(one.messageId);
  // The endpoint's slot ends it: a delivery of a message is found by its id, and can be there only once.
  const prefix = named ? deliveryPrefix(one.programId, one.messageId) : newId('dlv', at).slice(0, -3);
  const row = JSON.stringify([
    one.programId,
    prefix,
    one.messageId,
    isLarge ? null : body,
    one.about,
    one.traceId,
    one.category === undefined ? 0 : 1,
    one.category ?? null,
    one.exceptEndpointId ?? '',
    named ? 0 : 1,
    one.onlyEndpointId ?? null,
  ]);
  return {
    row,
    largeBody: isLarge ? JSON.stringify([one.programId, prefix, one.messageId, body]) : null,
    key: messageKey(one),
    message: {
      type: one.type,
      body: isLarge ? null : body,
      about: one.about,
      traceId: one.traceId,
      createdAt: ctx.now(),
    },
  };
}
