import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  isoTime,
  linkNext,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../../http.ts';
import { decodeCursor, toPage } from '../../../platform/cursor.ts';
import { syncStates } from '../table.ts';
import { countedTo, listStandings, type SyncStanding } from './read.ts';

const counted = z.object({
  count: z.number().int(),
  more: z.boolean().openapi({ description: 'There are more than were counted.' }),
});

const standingOut = z
  .object({
    publisherId: z.string(),
    suspendedAt: isoTime
      .nullable()
      .openapi({ description: 'Since when the publisher withholds its events.' }),
    behind: counted
      .extend({ since: isoTime.nullable().openapi({ description: 'When the first of them came.' }) })
      .openapi({ description: `Events that no synchronisation has looked at, counted to ${countedTo}.` }),
    quarantined: counted.openapi({ description: `Events that gave no row, counted to ${countedTo}.` }),
    lastSync: z
      .object({
        state: z.enum(syncStates),
        openedAt: isoTime,
        endedAt: isoTime.nullable(),
        selected: z.number().int(),
        rendered: z.number().int(),
        quarantined: z.number().int(),
      })
      .nullable(),
  })
  .openapi('SubscriptionStanding');

export type SyncStandingOut = z.output<typeof standingOut>;
export type SyncStandings = { items: SyncStandingOut[]; nextCursor: string | null };

const standingsRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/subscription-standings',
    tags: ['Event hub'],
    summary: 'How far behind each subscription is, how its last synchronisation ended, what is in quarantine',
    request: { params: programParam, query: pageQuery },
    responses: {
      200: ok(
        pageOf(standingOut, 'SubscriptionStandings'),
        'A page, by the publishers’ ids, as the subscriptions themselves are listed.',
      ),
    },
  },
);

const countOf = (n: number) => ({ count: Math.min(n, countedTo), more: n > countedTo });

function present({ last, ...row }: SyncStanding): SyncStandingOut {
  return {
    publisherId: row.publisherId,
    suspendedAt: toIsoOrNull(row.suspendedAt),
    behind: { ...countOf(row.behind), since: toIsoOrNull(row.waitingSince) },
    quarantined: countOf(row.quarantined),
    lastSync:
      last === null ? null : { ...last, openedAt: toIso(last.openedAt), endedAt: toIsoOrNull(last.endedAt) },
  };
}

export const syncStandingRoutes = createRouter().openapi(standingsRoute, async (c) => {
  const { limit, cursor } = c.req.valid('query');
  const after = cursor === undefined ? '' : decodeCursor(cursor, 'string')[0];
  const rows = await listStandings(c.get('ctx'), c.get('programId'), after, limit + 1);
  const page = toPage(rows, limit, present, (row) => [row.publisherId]);
  linkNext(c, page.nextCursor);
  return c.json(page, 200);
});
