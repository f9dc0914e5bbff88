import { z } from '@hono/zod-openapi';
import { scopes } from '../../context.ts';
import {
  createRouter,
  defineRoute,
  isoTime,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { createKey, revokeKey, rotateKey } from './issue.ts';
import { createPortalLink, endSession, listSessions } from './sessions.ts';
import { type ApiKey, endOfKey, listKeys, listKeysByEnd } from './store.ts';

const tags = ['Programs and keys'];
const scopeNames = z.array(z.enum(scopes)).min(1, 'Name at least one scope.').max(scopes.length);

const keyIn = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    scopes: scopeNames,
    expiresAt: z.iso.datetime({ offset: true }).optional(),
  })
  .openapi('KeyIn');

const keyOut = z
  .object({
    keyId: z.string(),
    name: z.string(),
    scopes: scopeNames,
    createdAt: isoTime,
    expiresAt: isoTime.nullable(),
    /** Set while a rotation's overlap lasts. */
    endsAt: isoTime.nullable(),
    rotatedTo: z.string().nullable(),
    lastUsedAt: isoTime.nullable().openapi({ description: 'To the hour; null where no use was noted yet.' }),
    lastUsedFrom: z.string().nullable().openapi({ description: 'The address it came from.' }),
    lastUsedFor: z.string().nullable(),
    lastUsedBy: z.string().nullable().openapi({ description: 'The `User-Agent`.' }),
  })
  .openapi('Key');

export type KeyOut = z.output<typeof keyOut>;
export type KeyPage = { items: z.output<typeof keyOut>[]; nextCursor: string | null };

const newKeyOut = z
  .object({ keyId: z.string(), key: z.string().openapi({ description: 'Shown once.' }) })
  .openapi('NewKey');

export type NewKeyOut = z.output<typeof newKeyOut>;
const keyParam = programParam.extend({ keyId: z.string().openapi({ param: { name: 'keyId', in: 'path' } }) });

const overlapIn = z
  .strictObject({ overlapHours: z.number().min(0).max(720, 'At most thirty days.').default(24) })
  .openapi('KeyOverlap');

const listRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'get',
    path: '/api/programs/{programId}/keys',
    tags,
    summary: "The program's keys, without their secrets",
    request: {
      params: programParam,
      query: pageQuery.extend({
        order: z
          .enum(['newest', 'end'])
          .default('newest')
          .openapi({ description: '`end`: those that end soonest first, and then the newest.' }),
      }),
    },
    responses: { 200: ok(pageOf(keyOut, 'KeyPage'), 'A page of keys.') },
  },
);

const createRoute = defineRoute(
  { scope: 'manage', answersSecret: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/keys',
    tags,
    summary: 'A new key; it is shown once',
    request: { params: programParam, body: jsonBody(keyIn) },
    responses: { 201: ok(newKeyOut, 'Created.') },
  },
);

const rotateRoute = defineRoute(
  { scope: 'manage', answersSecret: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/keys/{keyId}/rotate',
    tags,
    summary: 'A new key in place of this one, which works on for the overlap',
    request: { params: keyParam, body: { ...jsonBody(overlapIn), required: false } },
    responses: { 201: ok(newKeyOut.extend({ oldKeyEndsAt: isoTime }), 'Created.') },
  },
);

const revokeRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'delete',
    path: '/api/programs/{programId}/keys/{keyId}',
    tags,
    summary: 'Revoke a key',
    request: { params: keyParam },
    responses: { 204: noContent },
  },
);

const presentKey = (row: ApiKey) => ({
  keyId: row.keyId,
  name: row.name,
  scopes: row.scopes,
  createdAt: toIso(row.createdAt),
  expiresAt: toIsoOrNull(row.expiresAt),
  endsAt: toIsoOrNull(row.revokedAt),
  rotatedTo: row.rotatedTo,
  lastUsedAt: toIsoOrNull(row.lastUsedAt),
  lastUsedFrom: row.lastUsedFrom,
  lastUsedFor: row.lastUsedFor,
  lastUsedBy: row.lastUsedBy,
});

export const keyRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const ctx = c.get('ctx');
    const { limit, cursor, order } = c.req.valid('query');
    const byEnd = async () => {
      const after = cursor === undefined ? null : decodeCursor(cursor, 'number', 'string');
      const rows = await listKeysByEnd(ctx, c.get('programId'), after, limit + 1);
      return toPage(rows, limit, presentKey, (row) => [endOfKey(row), row.keyId]);
    };
    const newestFirst = async () => {
      const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
      const rows = await listKeys(ctx, c.get('programId'), before, limit + 1);
      return toPage(rows, limit, presentKey, (row) => [row.keyId]);
    };
    const page = await (order === 'end' ? byEnd() : newestFirst());
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(createRoute, async (c) => {
    const { name, scopes: wanted, expiresAt } = c.req.valid('json');
    const made = await createKey(c.get('ctx'), c.get('programId'), {
      name,
      scopes: [...new Set(wanted)],
      expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
    });
    c.header('location', `/api/programs/${c.get('programId')}/keys/${made.keyId}`);
    return c.json(made, 201);
  })
  .openapi(rotateRoute, async (c) => {
    const { overlapHours = 24 } = c.req.valid('json');
    const made = await rotateKey(c.get('ctx'), c.get('programId'), c.req.valid('param').keyId, overlapHours);
    return c.json({ ...made, oldKeyEndsAt: toIso(made.oldKeyEndsAt) }, 201);
  })
  .openapi(revokeRoute, async (c) => {
    await revokeKey(c.get('ctx'), c.get('programId'), c.req.valid('param').keyId);
    return c.body(null, 204);
  });

const sessionOut = z
  .object({
    sessionId: z.string(),
    name: z.string(),
    keyId: z.string(),
    userAgent: z.string(),
    createdAt: isoTime,
    seenAt: isoTime,
    endsAt: isoTime,
  })
  .openapi('DashboardSession');

export type SessionPage = { items: z.output<typeof sessionOut>[]; nextCursor: string | null };

const linkIn = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .openapi({ description: 'Whom it is for; the audit log says so.' }),
    scopes: scopeNames,
    path: z
      .string()
      .max(300)
      .regex(/^[a-z][\w\-./~%?=&,:]*$/i, 'A path below the program’s pages, such as "flows/12".')
      .default('overview'),
  })
  .openapi('PortalLinkIn');

const linkOut = z.object({ url: z.string(), expiresAt: isoTime }).openapi('PortalLink');

const sessionsRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'get',
    path: '/api/programs/{programId}/sessions',
    tags,
    summary: 'Who is signed in to the dashboard with a key of this program',
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(pageOf(sessionOut, 'DashboardSessionPage'), 'A page of sessions.') },
  },
);

const endRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'delete',
    path: '/api/programs/{programId}/sessions/{sessionId}',
    tags,
    summary: 'End a session of the dashboard now',
    request: {
      params: programParam.extend({
        sessionId: z.string().openapi({ param: { name: 'sessionId', in: 'path' } }),
      }),
    },
    responses: { 204: noContent },
  },
);

const linkRoute = defineRoute(
  { scope: 'manage', answersSecret: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/portal-links',
    tags,
    summary: 'A single-use link into the dashboard, for a minute, with some of this key’s scopes',
    request: { params: programParam, body: jsonBody(linkIn) },
    responses: { 201: ok(linkOut, 'Send the person there at once.') },
  },
);

export const sessionRoutes = createRouter()
  .openapi(sessionsRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
    const rows = await listSessions(c.get('ctx'), c.get('programId'), before, limit + 1);
    const page = toPage(
      rows,
      limit,
      (row) => ({
        sessionId: row.sessionId,
        name: row.name,
        keyId: row.keyId,
        userAgent: row.userAgent,
        createdAt: toIso(row.createdAt),
        seenAt: toIso(row.seenAt),
        endsAt: toIso(row.endsAt),
      }),
      (row) => [row.sessionId],
    );
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(endRoute, async (c) => {
    await endSession(c.get('ctx'), c.get('programId'), c.req.valid('param').sessionId);
    return c.body(null, 204);
  })
  .openapi(linkRoute, async (c) => {
    const input = c.req.valid('json');
    const link = await createPortalLink(c.get('ctx'), c.get('programId'), input);
    return c.json({ url: link.url, expiresAt: toIso(link.expiresAt) }, 201);
  });
