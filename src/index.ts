import { Container } from '@cloudflare/containers';
import { app } from './api/app.ts';
import { dashboard, isPagePath } from './dashboard/app.tsx';
import type { Env } from './env.ts';
import { openContext } from './open.ts';
import { consumeBatch } from './queues.ts';
import { isForS3, serveS3 } from './s3/app.ts';
import { runCron } from './schedule.ts';

/** The SFTP relay beside the Worker; see `relay/`. */
export class SftpRelay extends Container {
  override defaultPort = 8788;
  override sleepAfter = '10m';
}

export default {
  fetch(request, env, execution) {
    if (isForS3(request)) return serveS3(request, env, execution);
    const { pathname } = new URL(request.url);
    return (isPagePath(pathname) ? dashboard : app).fetch(request, env, execution);
  },

  async queue(batch, env, execution) {
    const ctx = await openContext(env, {
      actor: { kind: 'hub', door: 'queue' },
      waitUntil: (work) => execution.waitUntil(work),
    });
    await consumeBatch(ctx, batch);
  },

  async scheduled(event, env, execution) {
    const ctx = await openContext(env, {
      actor: { kind: 'hub', door: 'cron' },
      waitUntil: (work) => execution.waitUntil(work),
    });
    await runCron(ctx, event.cron);
  },
} satisfies ExportedHandler<Env>;
