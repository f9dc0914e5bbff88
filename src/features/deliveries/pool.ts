import type { Ctx } from '../../context.ts';

/** Of one invocation: a seventh connection waiting for headers would queue in the platform. */
const connections = 6;

/** How much one invocation may still do. Nothing is begun after its time or its count is over. */
export class Pool {
  readonly #now: () => number;
  readonly #untilMs: number;
  #starts: number;
  #free = connections;
  readonly #waiting: (() => void)[] = [];

  constructor(ctx: Ctx, limits: { withinMs: number; starts: number }) {
    this.#now = ctx.wallNow;
    this.#untilMs = ctx.wallNow() + limits.withinMs;
    this.#starts = limits.starts;
  }

  mayStart(): boolean {
    return this.#starts > 0 && this.#now() < this.#untilMs;
  }

  /** Runs it when a connection is free, in the order asked. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#starts--;
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
