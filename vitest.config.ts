import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

// Limits for what hangs: a loaded machine of two slow cores takes a third of them.
const slow = { testTimeout: 300_000, hookTimeout: 300_000, expect: { poll: { timeout: 60_000 } } };

/**
 * `pure` runs plain functions in Node, `worker` the object stores inside the runtime, `hub` calls one shared
 * hub over HTTP, `scenarios` start hubs of their own and tell whole stories; `relay` is the SFTP relay against
 * real SFTP servers. Those five are `npm test`.
 * `browser` drives Chromium, `shared` reads the reference data beside the repository, `clients` drives real S3 clients; `soak` takes long. See test/suites.json.
 */
export default defineConfig({
  test: {
    // A hub is waited for more than it works: two files at a time keep two cores busy, and do not starve them.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'pure',
          include: [
            'test/platform/**/*.test.ts',
            'test/features/**/*.test.ts',
            'test/s3/**/*.test.ts',
            'test/*.test.ts',
          ],
          environment: 'node',
          ...slow,
        },
      },
      {
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: '2026-10-01', r2Buckets: ['OBJECTS'] } })],
        test: {
          name: 'worker',
          include: ['test/worker/**/*.test.ts'],
          globalSetup: ['test/worker/s3-server.ts'],
          ...slow,
        },
      },
      {
        test: {
          name: 'hub',
          include: ['test/hub/**/*.test.ts'],
          globalSetup: ['test/support/hub-setup.ts'],
          ...slow,
        },
      },
      { test: { name: 'scenarios', include: ['test/scenarios/**/*.test.ts'], ...slow } },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], ...slow } },
      { test: { name: 'relay', include: ['relay/test/**/*.test.ts'], ...slow } },
      { test: { name: 'shared', include: ['test/shared/**/*.test.ts'], fileParallelism: false, ...slow } },
      {
        test: {
          name: 'clients',
          include: ['test/clients/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 3_600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
