import { z } from '@hono/zod-openapi';
import type { Ctx } from '../../../context.ts';
import { createRouter, defineRoute, isoTime, ok, toIso, toIsoOrNull } from '../../../http.ts';
import { relayStanding } from '../relay.ts';
import { relayContacts } from '../table.ts';
import { listContacts } from './store.ts';

const shownStretches = 10;

const stretchOut = z
  .object({
    outcome: z.enum(relayContacts.outcome.enumValues).openapi({
      description:
        'answered: it takes transfers; refused: it takes none; unreachable: no connection; lost: it ended before its answer.',
    }),
    detail: z.string().nullable().openapi({ description: 'Why it refused, in its words.' }),
    version: z.string().nullable(),
    call: z
      .enum(relayContacts.call.enumValues)
      .openapi({ description: 'What the latest of these calls was: a file, a host’s keys, or a look.' }),
    since: isoTime,
    until: isoTime.openapi({ description: 'The latest of these calls, to the minute.' }),
  })
  .openapi('RelayContact');

const relayOut = z
  .object({
    runs: z.enum(['host', 'container']).nullable().openapi({ description: 'Null: this hub has no relay.' }),
    state: z
      .enum(['answers', 'refuses', 'unreachable'])
      .nullable()
      .openapi({ description: 'At this moment. Null: not asked.' }),
    detail: z.string().nullable().openapi({ description: 'Why it refuses, in its words.' }),
    fixed: z.boolean(),
    addresses: z.array(z.string()),
    transfers: z.number().int().nullable().openapi({ description: 'Under way at this moment.' }),
    limit: z.number().int().nullable().openapi({ description: 'As many it runs at once.' }),
    askedAt: isoTime.nullable(),
    durationMs: z.number().int().nullable(),
    version: z.string().nullable().openapi({
      description: 'Of its package and its sources, from the latest answer of all. Null: never heard.',
    }),
    lastAnswerAt: isoTime.nullable().openapi({ description: 'To the minute. Null: it has never answered.' }),
    contacts: z.array(stretchOut).openapi({
      description: `The latest ${shownStretches} stretches of like answers, the newest first. Looking here adds none.`,
    }),
  })
  .openapi('Relay');

export type RelayOut = z.output<typeof relayOut>;

const relayRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'get',
    path: '/api/system/relay',
    tags: ['Operating'],
    summary: 'Whether the SFTP relay answers now, to a signed call, and when it last did',
    request: {
      query: z.object({
        ask: z.enum(['true', 'false']).optional().openapi({
          description:
            'A relay on a host of its own is asked unless told; a container, which that would wake, only if told.',
        }),
      }),
    },
    responses: { 200: ok(relayOut, 'Within two seconds, and at most five seconds old.') },
  },
);

const notAsked = {
  ...{ state: null, detail: null, fixed: false, addresses: [], transfers: null, limit: null },
  ...{ askedAt: null, durationMs: null },
};

/** What it says at this moment; null where it is not asked. */
async function askRelay(ctx: Ctx, runs: 'host' | 'container', ask: boolean | null) {
  if (!(ask ?? runs === 'host')) return null;
  const { egress, askedAtMs, ...standing } = await relayStanding(ctx);
  return { ...standing, ...egress, askedAt: toIso(askedAtMs) };
}

async function readRelay(ctx: Ctx, ask: boolean | null): Promise<RelayOut> {
  if (!ctx.relay) return { runs: null, ...notAsked, version: null, lastAnswerAt: null, contacts: [] };
  const runs = ctx.config.RELAY_URL === undefined ? 'container' : 'host';
  const [asked, contacts] = await Promise.all([askRelay(ctx, runs, ask), listContacts(ctx)]);
  const last = contacts.find(({ outcome }) => outcome === 'answered' || outcome === 'refused');
  const answeredNow = asked !== null && asked.state !== 'unreachable';
  return {
    ...{ runs, ...(asked ?? notAsked) },
    version: asked?.version ?? last?.version ?? null,
    lastAnswerAt: answeredNow ? asked.askedAt : toIsoOrNull(last?.until ?? null),
    contacts: contacts.slice(0, shownStretches).map(({ contactId: _, since, until, ...one }) => ({
      ...{ ...one, since: toIso(since), until: toIso(until) },
    })),
  };
}

export const relayRoutes = createRouter().openapi(relayRoute, async (c) => {
  const { ask } = c.req.valid('query');
  return c.json(await readRelay(c.get('ctx'), ask === undefined ? null : ask === 'true'), 200);
});
