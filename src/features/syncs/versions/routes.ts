import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  type ApiEnv,
  createRouter,
  defineRoute,
  isoTime,
  linkNext,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
} from '../../../http.ts';
import { decodeCursor, toPage } from '../../../platform/cursor.ts';
import { AppError } from '../../../platform/errors.ts';
import { findVersion, listVersions, type Subscription, templateTag } from '../../subscriptions/index.ts';
import { changeSubscription, requireSubscription } from '../change.ts';

const tags = ['Event hub'];
const base = '/api/programs/{programId}/eventSubs/{publisherId}/template/versions';

const pairParam = programParam.extend({
  publisherId: z.string().openapi({ param: { name: 'publisherId', in: 'path' } }),
});
const versionParam = pairParam.extend({
  version: z
    .string()
    .regex(/^\d{1,9}$/, 'A whole number.')
    .transform(Number)
    .openapi({ type: 'integer', param: { name: 'version', in: 'path' } }),
});

const versionOut = z
  .object({
    version: z.number().int(),
    author: z.string().nullable().openapi({ description: 'Null for one from before versions were kept.' }),
    savedAt: isoTime,
    revertOf: z.number().int().nullable().openapi({ description: 'The version whose text it is again.' }),
    current: z.boolean(),
  })
  .openapi('TemplateVersion');

const wholeVersionOut = versionOut
  .extend({ LbApiPayloadTemplate: z.union([z.string(), z.record(z.string(), z.unknown())]) })
  .openapi('WholeTemplateVersion');

export type TemplateVersionOut = z.output<typeof versionOut>;
export type TemplateVersionPage = { items: TemplateVersionOut[]; nextCursor: string | null };
export type WholeTemplateVersion = z.output<typeof wholeVersionOut>;

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: base,
    tags,
    summary: 'What a subscription’s template has been, newest first: the latest 50',
    request: { params: pairParam, query: pageQuery },
    responses: { 200: ok(pageOf(versionOut, 'TemplateVersionPage'), 'Without their texts: ask for one.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: `${base}/{version}`,
    tags,
    summary: 'One version of a template, with its text',
    request: { params: versionParam },
    responses: { 200: ok(wholeVersionOut, 'The version.') },
  },
);

const revertRoute = defineRoute(
  { scope: 'templates' },
  {
    method: 'post',
    path: `${base}/{version}/revert`,
    tags,
    summary: 'Make an earlier text the template again, as a new version',
    request: {
      params: versionParam,
      headers: z.object({
        'if-match': z.string().max(100).optional().openapi({ description: 'The template’s `ETag`.' }),
      }),
    },
    responses: { 200: ok(wholeVersionOut, 'The version that it is now.') },
  },
);

export const versionRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const subscription = await subscriptionOf(c, c.req.valid('param').publisherId);
    const before = cursor === undefined ? null : decodeCursor(cursor, 'number')[0];
    const rows = await listVersions(c.get('ctx'), subscription, before, limit + 1);
    const page = toPage(
      rows,
      limit,
      (row) => present(subscription, row),
      (row) => [row.version],
    );
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(getRoute, async (c) => {
    const { publisherId, version } = c.req.valid('param');
    return c.json(await whole(c, publisherId, version), 200);
  })
  .openapi(revertRoute, async (c) => {
    const { publisherId, version } = c.req.valid('param');
    const ifMatch = c.req.valid('header')['if-match'];
    const { LbApiPayloadTemplate } = await whole(c, publisherId, version);
    await changeSubscription(
      c.get('ctx'),
      c.get('programId'),
      publisherId,
      { LbApiPayloadTemplate },
      ifMatch,
      version,
    );
    const { templateVersion } = await subscriptionOf(c, publisherId);
    return c.json(await whole(c, publisherId, templateVersion), 200);
  });

function subscriptionOf(c: Context<ApiEnv>, publisherId: string): Promise<Subscription> {
  return requireSubscription(c.get('ctx'), c.get('programId'), publisherId);
}

async function whole(c: Context<ApiEnv>, publisherId: string, version: number) {
  const subscription = await subscriptionOf(c, publisherId);
  c.header('etag', templateTag(subscription));
  const row = await findVersion(c.get('ctx'), subscription, version);
  if (!row) throw new AppError('not_found', 'There is no such version: the latest 50 are kept.');
  return { ...present(subscription, row), LbApiPayloadTemplate: JSON.parse(row.template) };
}

function present(
  { templateVersion }: Subscription,
  row: { version: number; author: string | null; savedAt: number; revertOf: number | null },
): TemplateVersionOut {
  const { version, author, savedAt, revertOf } = row;
  return { version, author, savedAt: toIso(savedAt), revertOf, current: version === templateVersion };
}
