import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/**
 * `pure` runs plain functions in Node; the rest of the projects meet the product where it really runs.
 * `npm test` runs all but `soak`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/platform/**/*.test.ts', 'test/*.test.ts'],
          environment: 'node',
        },
      },
      {
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: '2026-10-01', r2Buckets: ['OBJECTS'] } })],
        test: {
          name: 'worker',
          include: ['test/worker/**/*.test.ts'],
          globalSetup: ['test/worker/s3-server.ts'],
        },
      },
    ],
  },
});
