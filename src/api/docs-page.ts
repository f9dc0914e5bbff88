import { html, raw } from 'hono/html';
import type { buildOpenApi } from './openapi.ts';

type Document = ReturnType<typeof buildOpenApi>;

interface Operation {
  tags?: string[];
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string }[];
  requestBody?: { content?: Record<string, { schema?: SchemaNode }> };
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: SchemaNode }> }>;
  security?: unknown[];
  'x-scope'?: string;
}

interface SchemaNode {
  $ref?: string;
  type?: string | string[];
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  enum?: unknown[];
  properties?: Record<string, SchemaNode>;
  required?: string[];
  description?: string;
}

const verbs = ['get', 'post', 'put', 'patch', 'delete'];

/** The reference page: one static document, no script, nothing from another host. */
export function renderDocs(document: Document) {
  const groups = new Map<string, { method: string; path: string; operation: Operation }[]>();
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item ?? {})) {
      if (!verbs.includes(method)) continue;
      const typed = operation as Operation;
      const tag = typed.tags?.[0] ?? 'Other';
      groups.set(tag, [...(groups.get(tag) ?? []), { method, path, operation: typed }]);
    }
  }
  const schemas = Object.entries((document.components?.schemas ?? {}) as Record<string, SchemaNode>);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Crosswalk API</title>
<link rel="stylesheet" href="/api/docs.css">
</head>
<body>
<header><h1>Crosswalk API</h1>
<p>The machine-readable description is <a href="/api/openapi.json">/api/openapi.json</a> (OpenAPI 3.1). Send a key as
<code>Authorization: Bearer KEY</code>, <code>x-api-key: KEY</code>, or Basic with the key id as user name. Errors are
<code>application/problem+json</code>.</p></header>
<nav aria-label="Groups"><ul>${[...groups.keys()].map((tag) => html`<li><a href="#${slug(tag)}">${tag}</a></li>`)}
<li><a href="#webhooks">Webhooks</a></li><li><a href="#schemas">Schemas</a></li></ul></nav>
<main>
${[...groups].map(
  ([tag, operations]) =>
    html`<section id="${slug(tag)}"><h2>${tag}</h2>${operations.map(renderOperation)}</section>`,
)}
<section id="webhooks"><h2>Webhooks</h2>${Object.entries(
    (document.webhooks ?? {}) as Record<string, { post?: Operation }>,
  ).map(
    ([name, item]) => html`<article><h3><code>${name}</code></h3><p>${item.post?.summary}</p>
<p>Body: ${raw(typeText(item.post?.requestBody?.content?.['application/json']?.schema))}. Signed as Standard Webhooks.</p></article>`,
  )}
</section>
<section id="schemas"><h2>Schemas</h2>${schemas.map(
    ([name, schema]) => html`<article id="schema-${name}"><h3>${name}</h3>${renderMembers(schema)}</article>`,
  )}</section>
</main>
</body>
</html>`;
}

function renderOperation({
  method,
  path,
  operation,
}: {
  method: string;
  path: string;
  operation: Operation;
}) {
  const scope = operation['x-scope'];
  const body = Object.entries(operation.requestBody?.content ?? {})[0];
  return html`<article><h3><span class="verb ${method}">${method.toUpperCase()}</span> <code>${path}</code></h3>
<p>${operation.summary} ${scope === undefined ? '' : html`<span class="scope">${scope === 'system' ? 'system key' : `scope ${scope}`}</span>`}</p>
${
  (operation.parameters ?? []).filter((one) => one.in === 'query').length === 0
    ? ''
    : html`<p>Query: ${raw(
        (operation.parameters ?? [])
          .filter((one) => one.in === 'query')
          .map((one) => `<code>${escapeHtml(one.name)}</code>`)
          .join(', '),
      )}</p>`
}
${body === undefined ? '' : html`<p>Body: ${raw(typeText(body[1].schema))} <small>${body[0]}</small></p>`}
<ul class="answers">${Object.entries(operation.responses ?? {})
    .filter(([status]) => status !== 'default')
    .map(
      ([status, answer]) =>
        html`<li><b>${status}</b> ${answer.description} ${raw(typeText(Object.values(answer.content ?? {})[0]?.schema))}</li>`,
    )}</ul></article>`;
}

function renderMembers(schema: SchemaNode) {
  const members = Object.entries(schema.properties ?? {});
  if (members.length === 0) return html`<p>${raw(typeText(schema))}</p>`;
  return html`<dl>${members.map(
    ([
      name,
      member,
    ]) => html`<dt><code>${name}</code>${schema.required?.includes(name) ? '' : html` <small>optional</small>`}</dt>
<dd>${raw(typeText(member))} ${member.description ?? ''}</dd>`,
  )}</dl>`;
}

/** A schema in a few words, as HTML. */
function typeText(schema: SchemaNode | undefined): string {
  if (!schema) return '';
  if (schema.$ref !== undefined) {
    const name = escapeHtml(schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1));
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.anyOf) return schema.anyOf.map(typeText).join(' or ');
  if (schema.enum) return schema.enum.map((value) => `<code>${escapeHtml(String(value))}</code>`).join(', ');
  if (schema.items) return `list of ${typeText(schema.items)}`;
  if (schema.properties) return `object {${Object.keys(schema.properties).map(escapeHtml).join(', ')}}`;
  return escapeHtml([schema.type ?? 'any'].flat().join(' or '));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

export const docsStyle = `:root{color-scheme:light dark;--line:#8884;--mark:#2563eb}
body{font:16px/1.55 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:2rem 1.25rem}
h1{margin:0 0 .5rem}h2{border-bottom:1px solid var(--line);padding-bottom:.3rem;margin-top:2.5rem}
h3{font-size:1rem;margin:0;overflow-wrap:anywhere}article{padding:.9rem 0;border-bottom:1px solid var(--line)}
p{margin:.35rem 0}code{font:0.92em ui-monospace,monospace}a{color:var(--mark)}
nav ul{display:flex;flex-wrap:wrap;gap:.4rem 1.1rem;list-style:none;padding:0}
.verb{display:inline-block;min-width:4.2em;font:600 .85em ui-monospace,monospace;color:var(--mark)}
.verb.delete{color:#dc2626}.scope{border:1px solid var(--line);border-radius:1em;padding:0 .6em;font-size:.82em;white-space:nowrap}
.answers{margin:.35rem 0;padding-left:1.2rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}
dd{margin:0;overflow-wrap:anywhere}small{opacity:.7}
@media(max-width:40rem){dl{grid-template-columns:1fr}dd{margin:0 0 .5rem}}`;
