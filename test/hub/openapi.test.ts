import { describe, expect, inject, it } from 'vitest';
import { type Body, caller, expectStatus } from '../support/client.ts';

const url = inject('hubUrl');
const noKey = caller(url, null);

const description = async (): Promise<Body> =>
  expectStatus(await noKey('GET', '/api/openapi.json'), 200).body;
const methods = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'];

interface Operation {
  method: string;
  path: string;
  // biome-ignore lint/suspicious/noExplicitAny: OpenAPI's own shape is what is tested.
  one: any;
}

const operationsOf = (document: Body): Operation[] =>
  Object.entries<Body>(document.paths).flatMap(([path, item]) =>
    Object.entries<Body>(item)
      .filter(([method]) => methods.includes(method))
      .map(([method, one]) => ({ method: method.toUpperCase(), path, one })),
  );

/** Every value under `node`, with its place. */
function* walk(node: unknown, at = '#'): Generator<[string, unknown]> {
  yield [at, node];
  if (typeof node !== 'object' || node === null) return;
  for (const [name, value] of Object.entries(node)) yield* walk(value, `${at}/${name}`);
}

describe('GET /api/openapi.json', () => {
  it('is OpenAPI 3.1, for this very hub', async () => {
    const document = await description();
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect(document.servers).toEqual([{ url }]);
  });

  it('points only at things it holds', async () => {
    const document = await description();
    const references = [...walk(document)].filter(([at]) => at.endsWith('/$ref'));
    expect(references.length).toBeGreaterThan(30);
    for (const [at, reference] of references) {
      const parts = String(reference).split('/');
      expect(parts[0], `${at} points elsewhere`).toBe('#');
      let target = document;
      for (const part of parts.slice(1)) target = target?.[part.replace(/~1/g, '/').replace(/~0/g, '~')];
      expect(target, `${at}: ${reference}`).toBeDefined();
    }
  });

  it('has every route with its scope, and no other', async () => {
    const { guarded } = (await noKey('GET', '/dev/routes')).body;
    const declared = guarded.map((route: Body) => [`${route.method} ${route.path}`, route.access.scope]);
    const described = operationsOf(await description()).map(({ method, path, one }) => [
      `${method} ${path}`,
      one['x-scope'],
    ]);
    expect(described.sort()).toEqual(declared.sort());
  });

  it('asks for a key wherever a scope is needed, by schemes that it explains', async () => {
    const document = await description();
    expect(Object.keys(document.components.securitySchemes).sort()).toEqual([
      'apiKeyHeader',
      'basic',
      'bearer',
    ]);
    for (const { method, path, one } of operationsOf(document)) {
      const schemes = one.security.flatMap((entry: Body) => Object.keys(entry));
      expect(schemes, `${method} ${path}`).toEqual(['bearer', 'apiKeyHeader', 'basic']);
    }
  });

  it('declares each parameter of a path, once and as required', async () => {
    for (const { method, path, one } of operationsOf(await description())) {
      const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      const inPath = (one.parameters ?? []).filter((parameter: Body) => parameter.in === 'path');
      expect(inPath.map((parameter: Body) => parameter.name).sort(), `${method} ${path}`).toEqual(
        named.sort(),
      );
      for (const parameter of inPath) expect(parameter.required).toBe(true);
      const all = (one.parameters ?? []).map((parameter: Body) => `${parameter.in} ${parameter.name}`);
      expect(new Set(all).size).toBe(all.length);
    }
  });

  it('says what each call answers, errors among it', async () => {
    for (const { method, path, one } of operationsOf(await description())) {
      const place = `${method} ${path}`;
      expect(one.summary, place).toMatch(/\w/);
      expect(one.tags, place).toHaveLength(1);
      expect(
        Object.keys(one.responses).some((status) => /^2\d\d$/.test(status)),
        place,
      ).toBe(true);
      expect(one.responses.default.content, place).toHaveProperty(['application/problem+json']);
      for (const response of Object.values<Body>(one.responses)) {
        expect(response.description, place).toMatch(/\w/);
      }
    }
  });

  it('gives an operation no id that another has', async () => {
    const ids = operationsOf(await description()).flatMap(({ one }) => one.operationId ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has a body for what takes one, and none for what reads', async () => {
    for (const { method, path, one } of operationsOf(await description())) {
      if (method === 'GET' || method === 'DELETE')
        expect(one.requestBody, `${method} ${path}`).toBeUndefined();
      if (method === 'PUT' || method === 'PATCH') expect(one.requestBody, `${method} ${path}`).toBeDefined();
    }
  });

  it('says of every schema what kind it is', async () => {
    const { components } = await description();
    expect(Object.keys(components.schemas).length).toBeGreaterThan(20);
    for (const [name, schema] of Object.entries<Body>(components.schemas)) {
      const kinds = ['type', 'anyOf', 'oneOf', 'allOf', '$ref', 'enum'].filter((kind) => kind in schema);
      expect(kinds, name).not.toEqual([]);
    }
  });

  it('describes the webhooks, with the headers that sign them', async () => {
    const { webhooks } = await description();
    expect(Object.keys(webhooks).length).toBeGreaterThan(1);
    for (const [name, item] of Object.entries<Body>(webhooks)) {
      const headers = item.post.parameters.map((parameter: Body) => parameter.name);
      expect(headers, name).toEqual(['webhook-id', 'webhook-timestamp', 'webhook-signature']);
      expect(item.post.requestBody.content, name).toHaveProperty(['application/json']);
    }
  });

  it('is the same each time', async () => {
    expect(await description()).toEqual(await description());
  });

  it('holds no secret of this hub', async () => {
    const { text } = await noKey('GET', '/api/openapi.json');
    expect(text).not.toMatch(/cwk_example|local-secret-key|Y3Jvc3N3YWxr/);
  });
});

describe('GET /api/docs', () => {
  it('names every call', async () => {
    const { text } = expectStatus(await noKey('GET', '/api/docs'), 200);
    for (const { method, path } of operationsOf(await description())) {
      expect(text, `${method} ${path}`).toContain(`<code>${path}</code>`);
    }
  });

  it('runs no script and asks no other host', async () => {
    const { text, headers } = await noKey('GET', '/api/docs');
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    expect(text).not.toMatch(/<script|javascript:|\son\w+=|<iframe|<object|<embed|<style|\sstyle=/i);
    const linked = [...text.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, target = '']) => target);
    expect(linked.length).toBeGreaterThan(20);
    expect(linked.filter((target) => !/^(#|\/(?!\/))/.test(target))).toEqual([]);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toMatch(/script-src|https?:/);
  });

  it('has links that lead somewhere', async () => {
    const { text } = await noKey('GET', '/api/docs');
    const ids = new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
    const anchors = [...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(anchors.filter((id) => !ids.has(id))).toEqual([]);
    for (const path of ['/api/docs.css', '/api/openapi.json']) expectStatus(await noKey('GET', path), 200);
    expect((await noKey('GET', '/api/docs.css')).headers.get('content-type')).toBe('text/css; charset=utf-8');
  });
});

describe('GET /healthz', () => {
  it('says ok and nothing else', async () => {
    expect(expectStatus(await noKey('GET', '/healthz'), 200).body).toEqual({ status: 'ok' });
  });
});
