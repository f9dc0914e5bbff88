import { Container } from '@cloudflare/containers';
import { app } from './api/app.ts';
import { dashboard, isPagePath } from './dashboard/app.tsx';
import type { Env } from './env.ts';
import { openContext } from './open.ts';
import { consumeBatch } from './queues.ts';
import { isForS3, serveS3 } from './s3/app.ts';
import { runCron } from './schedule.ts';

/** The SFTP relay beside the Worker, where it has no host of its own (`RELAY_URL`); see `relay/`. */
export class SftpRelay extends Container<Env> {
  override defaultPort = 8788;
  // A transfer under way keeps it awake by itself.
  override sleepAfter = '10m';
  override enableInternet = true;
  override pingEndpoint = 'relay/healthz';
  override envVars = { RELAY_TOKEN: String(this.env.RELAY_TOKEN ?? '') };
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
