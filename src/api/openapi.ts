import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { syncRequestedMessage } from '../features/flows/index.ts';
import type { ApiEnv } from '../http.ts';

const rowCounts = z.object({
  read: z.number().int(),
  rejected: z.number().int(),
  inserted: z.number().int(),
  updated: z.number().int(),
  unchanged: z.number().int(),
  deleted: z.number().int(),
});

const jobEnded = z
  .object({
    type: z.enum(['job.succeeded', 'job.failed']),
    timestamp: z.string(),
    data: z.object({
      success: z.boolean(),
      jobId: z.string(),
      job: z.string(),
      filename: z.string(),
      status: z.enum(['succeeded', 'failed', 'rejected', 'cancelled']),
      attempts: z.number().int(),
      queuedAt: z.string(),
      startedAt: z.string().nullable(),
      finishedAt: z.string(),
      rows: rowCounts,
      errorReportUrl: z.string().nullable(),
      message: z.string(),
      errors: z
        .array(
          z.object({
            line: z.number().int().nullable(),
            column: z.string().nullable(),
            code: z.string(),
            message: z.string(),
          }),
        )
        .max(10)
        .optional(),
      dryRun: z.literal(true).optional(),
    }),
  })
  .openapi('JobEnded');

const problemOpened = z
  .object({
    type: z.string().openapi({ example: 'delivery.exhausted' }),
    timestamp: z.string(),
    data: z.object({
      programId: z.string(),
      kind: z.string(),
      subject: z.string().openapi({ description: 'What has the problem; of many the first.' }),
      count: z.number().int().openapi({ description: 'Problems of this kind that it tells of.' }),
      subjects: z.array(z.string()).openapi({ description: 'Of those the first ten.' }),
      message: z.string(),
      nextStep: z.string(),
      since: z.string(),
      traceId: z.string().nullable(),
    }),
  })
  .openapi('ProblemOpened');

const signatureHeaders = z.object({
  'webhook-id': z.string().openapi({ description: 'The same for every attempt: what tells repeats.' }),
  'webhook-timestamp': z.string().openapi({ description: 'Seconds since 1970.' }),
  'webhook-signature': z
    .string()
    .openapi({ description: 'Standard Webhooks, `v1,…`; two during a rotation.' }),
});

const webhooks = [
  { name: 'job.ended', summary: 'A job has ended; exactly one message per job', body: jobEnded },
  {
    name: 'flow.external_source.sync_requested',
    summary: 'A manager asks for an update of external sources; one message per request',
    body: syncRequestedMessage,
  },
  { name: 'problem.opened', summary: 'Something needs a person', body: problemOpened },
];

type Document = ReturnType<OpenAPIHono<ApiEnv>['getOpenAPI31Document']>;

const built = new WeakMap<object, Document>();

/** The OpenAPI 3.1 description, from the very schemas that validate. Made once per isolate. */
export function buildOpenApi(app: OpenAPIHono<ApiEnv>, publicUrl: string): Document {
  const known = built.get(app);
  if (known) return known;
  const { openAPIRegistry: registry } = app;
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'apiKeyHeader', {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
  });
  registry.registerComponent('securitySchemes', 'basic', {
    type: 'http',
    scheme: 'basic',
    description: 'The key id as user name, the key as password.',
  });
  for (const { name, summary, body } of webhooks) {
    registry.registerWebhook({
      method: 'post',
      path: name,
      summary,
      request: { headers: signatureHeaders, body: { content: { 'application/json': { schema: body } } } },
      responses: { 200: { description: 'Any 2xx within 15 s is a receipt. 410 says: never again.' } },
    });
  }
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Crosswalk',
      version: '1',
      description: 'The data hub for education. Every error is `application/problem+json` (RFC 9457).',
      license: { name: 'MIT' },
    },
    servers: [{ url: publicUrl }],
  });
  built.set(app, document);
  return document;
}
