import { desc, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { commit } from '../../../platform/d1.ts';
import { relayContacts } from '../table.ts';

export type RelayStretch = typeof relayContacts.$inferSelect;
export type Contact = Pick<RelayStretch, 'outcome' | 'detail' | 'version' | 'call'>;

/** A stretch goes on with at most one write a minute, however many transfers there are. */
const onceInMs = 60_000;
/** A relay that comes and goes would fill the table. */
const keptStretches = 50;

const latest = sql`(SELECT max(contact_id) FROM relay_contacts)`;

/**
 * Goes on with the latest stretch where this contact is like it, or begins another. What cannot be kept is
 * logged: a file that has arrived has arrived.
 */
export async function keepContact(ctx: Ctx, contact: Contact): Promise<void> {
  const at = ctx.now();
  const { outcome, detail, version, call } = contact;
  const alike: SQL = sql`contact_id = ${latest} AND outcome = ${outcome} AND detail IS ${detail}
    AND version IS ${version}`;
  try {
    await commit(ctx.db, [
      ctx.db.run(sql`UPDATE relay_contacts SET until = ${at}, call = ${call}
        WHERE ${alike} AND until <= ${at - onceInMs}`),
      ctx.db.run(sql`INSERT INTO relay_contacts (outcome, detail, version, call, since, until)
        SELECT ${outcome}, ${detail}, ${version}, ${call}, ${at}, ${at}
        WHERE NOT EXISTS (SELECT 1 FROM relay_contacts WHERE ${alike})`),
      ctx.db.run(sql`DELETE FROM relay_contacts WHERE contact_id <= ${latest} - ${keptStretches}`),
    ]);
  } catch (error) {
    ctx.log.error('relay.contact_kept', error, { outcome, call });
  }
}

/** The latest stretches, the newest first; all that are kept unless told. */
export function listContacts(ctx: Ctx, limit = keptStretches): Promise<RelayStretch[]> {
  return ctx.db.select().from(relayContacts).orderBy(desc(relayContacts.contactId)).limit(limit);
}
