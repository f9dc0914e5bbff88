import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import type { TestProject } from 'vitest/node';

const credentials = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-that-must-not-leak' };

declare module 'vitest' {
  interface ProvidedContext {
    s3: { bucketUrl: string; accessKeyId: string; secretAccessKey: string };
  }
}

/** The local runtime's S3 API over one empty bucket in memory, for as long as the project runs. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: 'export default { fetch: () => new Response(null, { status: 404 }) }',
      // It reports every client that goes away half way, which the tests do on purpose.
      handleRuntimeStdio: () => {},
      r2Buckets: { OBJECTS: { id: 'objects', s3Credentials: credentials } },
    }),
  );
  const origin = await server.ready;
  project.provide('s3', {
    bucketUrl: new URL('/cdn-cgi/local/r2/s3/objects', origin).href,
    ...credentials,
  });
  return () => server.dispose();
}
