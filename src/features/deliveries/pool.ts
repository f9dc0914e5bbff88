import type { Ctx } from '../../context.ts';

/** Of one invocation: a seventh connection waiting for headers would queue in the platform. */
const connections = 6;
/** Those that one receiver may have of them: one that does not answer must leave some to the others. */
const connectionsOfOne = 4;

/** How much one invocation may still do. Nothing is begun after its time or its count is over. */
export class Pool {
  readonly #now: () => number;
  readonly #untilMs: number;
  #starts: number;
  #busy = 0;
  readonly #busyWith = new Map<string, number>();
  #waiting: { receiver: string; begin: () => void }[] = [];

  constructor(ctx: Ctx, limits: { withinMs: number; starts: number }) {
    this.#now = ctx.wallNow;
    this.#untilMs = ctx.wallNow() + limits.withinMs;
    this.#starts = limits.starts;
  }

  mayStart(): boolean {
    return this.#starts > 0 && this.#now() < this.#untilMs;
  }

  /** Runs it when a connection is free for this receiver, in the order asked. */
  async run<T>(receiver: string, work: () => Promise<T>): Promise<T> {
    this.#starts--;
    if (this.#isFreeFor(receiver)) this.#count(receiver, 1);
    else await new Promise<void>((begin) => this.#waiting.push({ receiver, begin }));
    try {
      return await work();
    } finally {
      this.#count(receiver, -1);
      this.#beginNext();
    }
  }

  #isFreeFor(receiver: string): boolean {
    return this.#busy < connections && (this.#busyWith.get(receiver) ?? 0) < connectionsOfOne;
  }

  #count(receiver: string, change: 1 | -1): void {
    this.#busy += change;
    this.#busyWith.set(receiver, (this.#busyWith.get(receiver) ?? 0) + change);
  }

  #beginNext(): void {
    const at = this.#waiting.findIndex(({ receiver }) => this.#isFreeFor(receiver));
    const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (!next) return;
    this.#count(next.receiver, 1);
    next.begin();
  }
}
