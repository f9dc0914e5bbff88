import type { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import type { ApiEnv } from '../http.ts';
import { docsStyle, renderDocs } from './docs-page.ts';
import { buildOpenApi } from './openapi.ts';

/** The description and its page. The app is asked late: it mounts these routes itself. */
export function docsRoutes(app: () => OpenAPIHono<ApiEnv>): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.get('/api/openapi.json', (c) => c.json(buildOpenApi(app(), c.get('ctx').config.PUBLIC_URL)));
  routes.get('/api/docs', (c) => {
    c.header(
      'content-security-policy',
      "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
    );
    return c.html(renderDocs(buildOpenApi(app(), c.get('ctx').config.PUBLIC_URL)));
  });
  routes.get('/api/docs.css', (c) => {
    c.header('content-type', 'text/css; charset=utf-8');
    c.header('cache-control', 'public, max-age=3600');
    return c.body(docsStyle);
  });
  return routes;
}
