import { sql } from 'drizzle-orm';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Ctx } from '../context.ts';
import { type ApiEnv, routeAccess } from '../http.ts';
import { AppError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { watchStatements } from '../platform/statements.ts';
import { consumeBatch } from '../queues.ts';
import { crons, runCron, sweep } from '../schedule.ts';

const clockIn = z.union([
  z.strictObject({ now: z.iso.datetime({ offset: true }).nullable() }),
  z.strictObject({ aheadSeconds: z.number() }),
]);

/** Every message is lost, or comes three times in any order. */
const queueIn = z.strictObject({ lose: z.boolean().default(false), repeat: z.boolean().default(false) });

/**
 * The test clock, hand-fired crons and sweeps, faults on demand, and every route with its guard. There only
 * with TEST_CLOCK, which production refuses; elsewhere these addresses do not exist. The app is asked late:
 * it mounts these routes itself.
 */
export function devRoutes(app: () => Pick<Hono<ApiEnv>, 'routes'>): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.use('/dev/*', async (c, next) => {
    if (c.get('ctx').config.TEST_CLOCK !== 'on') {
      throw new AppError('not_found', 'There is no such address here. See /api/docs.');
    }
    await next();
  });
  // To a time, on by some seconds, or (`now: null`) back to the wall's.
  routes.post('/dev/clock', async (c) => {
    const wanted = parse(clockIn, await bodyOf(c));
    const ctx = c.get('ctx');
    let offset = 0;
    if ('aheadSeconds' in wanted) offset = ctx.now() - ctx.wallNow() + wanted.aheadSeconds * 1_000;
    else if (wanted.now !== null) offset = Date.parse(wanted.now) - ctx.wallNow();
    await setSwitch(ctx, sql`clock_offset_ms = ${offset}`);
    return c.json({ now: new Date(ctx.wallNow() + offset).toISOString() });
  });
  routes.post('/dev/cron', async (c) => {
    const { cron } = parse(z.strictObject({ cron: z.string() }), await bodyOf(c));
    if (!crons.includes(cron)) {
      const known = crons.map((one) => JSON.stringify(one)).join(' and ');
      throw new AppError('invalid_input', `There is no cron ${JSON.stringify(cron)}: there are ${known}.`);
    }
    return c.json({ steps: await runCron(c.get('ctx'), cron) });
  });
  routes.post('/dev/sweep', async (c) => c.json(await sweep(c.get('ctx'))));
  routes.post('/dev/queue', async (c) => {
    const { lose, repeat } = parse(queueIn, await bodyOf(c));
    await setSwitch(c.get('ctx'), sql`lose_queue_messages = ${lose ? 1 : repeat ? 2 : 0}`);
    return c.json({ lose, repeat });
  });
  // As the object store would tell of an object; locally it tells of none.
  routes.post('/dev/notify', async (c) => {
    await c.env.DROPS.send(await bodyOf(c), { contentType: 'json' });
    return c.json({ sent: true });
  });
  // As the queue hands over what failed every time, which takes it two minutes.
  routes.post('/dev/dead', async (c) => {
    const body = await bodyOf(c);
    const done = { ack() {}, retry() {} };
    const message = { id: newId('msg', Date.now()), timestamp: new Date(), attempts: 11, body, ...done };
    const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
    const batch = {
      queue: 'crosswalk-drops-dead',
      messages: [message],
      metadata,
      ackAll() {},
      retryAll() {},
    };
    await consumeBatch(c.get('ctx'), batch);
    return c.json({ consumed: true });
  });
  routes.post('/dev/statements', async (c) => {
    const { watch } = parse(z.strictObject({ watch: z.boolean() }), await bodyOf(c));
    return c.json(watchStatements(watch));
  });
  routes.get('/dev/routes', (c) =>
    c.json({
      guarded: routeAccess,
      registered: app().routes.map(({ method, path }) => ({ method, path })),
    }),
  );
  return routes;
}

async function setSwitch(ctx: Ctx, assignment: ReturnType<typeof sql>): Promise<void> {
  await ctx.db.run(
    sql`INSERT INTO dev_switches (id, clock_offset_ms, lose_queue_messages) VALUES (1, 0, 0) ON CONFLICT DO NOTHING`,
  );
  await ctx.db.run(sql`UPDATE dev_switches SET ${assignment} WHERE id = 1`);
}

async function bodyOf(c: Context<ApiEnv>): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    throw new AppError('malformed_json', 'The body is no JSON. Send an object, such as {"now": null}.');
  }
}

function parse<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body);
  if (!result.success) throw new AppError('invalid_input', z.prettifyError(result.error));
  return result.data;
}
