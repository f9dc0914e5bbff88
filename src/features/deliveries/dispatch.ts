import type { Ctx } from '../../context.ts';
import { drainEndpoint, sendBorn } from './drain.ts';
import { type Consequences, OutcomeRecorder } from './outcomes.ts';
import { laneCount } from './policy.ts';
import { Pool } from './pool.ts';
import type { Started } from './started.ts';
import { Together } from './together.ts';
import { wakeEndpoint } from './wake.ts';

/** Retries that this isolate has woken, by endpoint and second: one message wakes all of a second. */
const woken = new Set<string>();
const mostRemembered = 10_000;

/**
 * Endpoints that invocations of this isolate send for: a lane each is enough hands. Whoever comes when all are
 * there has one of them look again, for what it came for may be newer than their last look.
 */
const busy = new Map<string, { hands: number; lookAgain: boolean }>();

/**
 * What one invocation sends to endpoints: its connections, its outcomes and the commits that they share, and
 * whatever they lead to. Nothing waits for a receiver that does not answer but what is meant for it.
 */
export class Dispatch {
  readonly pool: Pool;
  readonly #ctx: Ctx;
  readonly #announce: (deliveryIds: string[]) => void;
  readonly #recorder: OutcomeRecorder;
  readonly #together: Together;
  readonly #draining = new Set<string>();
  #open: Promise<void>[] = [];

  /** Nothing is begun later than `withinMs`. */
  constructor(ctx: Ctx, withinMs: number, announce: (deliveryIds: string[]) => void) {
    this.#ctx = ctx;
    this.pool = new Pool(ctx, withinMs);
    this.#announce = announce;
    this.#together = new Together(ctx, this.pool);
    this.#recorder = new OutcomeRecorder(ctx, (after) => this.#follow(after));
  }

  /** Sends what was born leased to this invocation. */
  sendBorn(row: Started): void {
    this.#run(row.deliveryId, async () => {
      if (!(await sendBorn(this.#ctx, this.#recorder, this.pool, row))) this.drain(row.endpointId);
    });
  }

  /** Sends what is due to an endpoint. */
  drain(endpointId: string): void {
    const here = busy.get(endpointId) ?? { hands: 0, lookAgain: false };
    busy.set(endpointId, here);
    if (here.hands >= laneCount || this.#draining.has(endpointId)) {
      here.lookAgain = true;
      return;
    }
    here.hands++;
    this.#draining.add(endpointId);
    const hands = { pool: this.pool, recorder: this.#recorder, together: this.#together };
    this.#run(endpointId, async () => {
      try {
        do {
          here.lookAgain = false;
          await drainEndpoint(this.#ctx, endpointId, hands);
        } while (here.lookAgain && this.pool.mayStart());
      } finally {
        this.#draining.delete(endpointId);
        here.hands--;
        if (here.hands === 0) busy.delete(endpointId);
      }
    });
  }

  /** Resolves when all of it has ended. */
  async settled(): Promise<void> {
    while (this.#open.length > 0) {
      const open = this.#open;
      this.#open = [];
      await Promise.all(open);
    }
  }

  #follow({ unattended, announced, lookAgainAt, cost }: Consequences): void {
    this.pool.settle(cost.taken, cost.statements);
    this.#announce(announced);
    for (const endpointId of unattended) this.drain(endpointId);
    for (const [endpointId, atMs] of lookAgainAt) {
      const name = `${endpointId} ${Math.ceil(atMs / 1_000)}`;
      if (woken.has(name)) continue;
      if (woken.size >= mostRemembered) woken.clear();
      woken.add(name);
      this.#run(endpointId, () => wakeEndpoint(this.#ctx, endpointId, atMs));
    }
  }

  /** What fails is ours: a lease ends by itself, and the sweeper tries again. */
  #run(id: string, work: () => Promise<unknown>): void {
    this.#open.push(
      work().then(
        () => undefined,
        (error: unknown) => this.#ctx.log.error('delivery.attempt_failed', error, { id }),
      ),
    );
  }
}
