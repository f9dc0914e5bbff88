import type { Ctx } from '../../context.ts';

/** Of one invocation: a seventh connection waiting for headers would queue in the platform. */
const connections = 6;
/** Those that one receiver may have of them: one that does not answer must leave some to the others. */
const connectionsOfOne = 4;
/** Where none of them has come free for so long, another invocation begins what waits for one sooner. */
const stalledAfterMs = 2_000;

/** D1 allows an invocation 1,000 statements; the rest is for what it does beside sending. */
const mostStatements = 880;
/** An attempt takes them at worst: one that fails and is written alone. */
const statementsOfAttempt = 8;

/** Of the 10,000 subrequests of an invocation an attempt is one, with those to the resolver up to three. */
const mostAttempts = 2_000;

/** What an invocation has for all that it sends, whoever asked for it. */
class Resources {
  statements = mostStatements;
  attempts = mostAttempts;
  readonly #now: () => number;
  #busy = 0;
  readonly #busyWith = new Map<string, number>();
  #waiting: { receiver: string; begin: (isFree: boolean) => void }[] = [];
  /** When a connection was last taken or came free. */
  #movedAtMs: number;
  #isWatched = false;

  constructor(now: () => number) {
    this.#now = now;
    this.#movedAtMs = now();
  }

  isStalled(): boolean {
    return this.#busy >= connections && this.#now() - this.#movedAtMs >= stalledAfterMs;
  }

  /** True when a connection is this receiver's, in the order asked; false where there is none in a while. */
  async take(receiver: string): Promise<boolean> {
    if (!this.#isFreeFor(receiver)) {
      const whether = new Promise<boolean>((begin) => this.#waiting.push({ receiver, begin }));
      this.#watch(stalledAfterMs);
      return whether;
    }
    this.#count(receiver, 1);
    return true;
  }

  release(receiver: string): void {
    this.#count(receiver, -1);
    const at = this.#waiting.findIndex((one) => this.#isFreeFor(one.receiver));
    const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (!next) return;
    this.#count(next.receiver, 1);
    next.begin(true);
  }

  #isFreeFor(receiver: string): boolean {
    return this.#busy < connections && !this.#isFull(receiver);
  }

  /** Elsewhere, too, it would wait for its own. */
  #isFull(receiver: string): boolean {
    return (this.#busyWith.get(receiver) ?? 0) >= connectionsOfOne;
  }

  #count(receiver: string, change: 1 | -1): void {
    this.#busy += change;
    this.#busyWith.set(receiver, (this.#busyWith.get(receiver) ?? 0) + change);
    this.#movedAtMs = this.#now();
  }

  #watch(afterMs: number): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    setTimeout(() => {
      this.#isWatched = false;
      if (this.isStalled()) {
        const refused = this.#waiting.filter(({ receiver }) => !this.#isFull(receiver));
        this.#waiting = this.#waiting.filter(({ receiver }) => this.#isFull(receiver));
        for (const { begin } of refused) begin(false);
      }
      if (this.#waiting.length === 0) return;
      const leftMs = this.#movedAtMs + stalledAfterMs - this.#now();
      this.#watch(leftMs > 0 ? leftMs : stalledAfterMs);
    }, afterMs);
  }
}

const resources = new WeakMap<Ctx, Resources>();

function resourcesOf(ctx: Ctx): Resources {
  const known = resources.get(ctx);
  if (known) return known;
  const fresh = new Resources(ctx.wallNow);
  resources.set(ctx, fresh);
  return fresh;
}

/**
 * How much one invocation may still do: nothing is begun after its time, its statements or its
 * attempts are over.
 */
export class Pool {
  readonly #now: () => number;
  readonly #untilMs: number;
  readonly #shared: Resources;

  constructor(ctx: Ctx, withinMs: number) {
    this.#now = ctx.wallNow;
    this.#untilMs = ctx.wallNow() + withinMs;
    this.#shared = resourcesOf(ctx);
  }

  mayStart(): boolean {
    const { statements, attempts } = this.#shared;
    if (statements < statementsOfAttempt || attempts <= 0 || this.#now() >= this.#untilMs) return false;
    return !this.#shared.isStalled();
  }

  /** Statements that were made. */
  spend(statements: number): void {
    this.#shared.statements -= statements;
  }

  /** Attempts that were taken by their receivers are on record with so few statements. */
  settle(attempts: number, statements: number): void {
    this.#shared.statements += attempts * statementsOfAttempt - statements;
  }

  /** Runs it when a connection is free for this receiver; null, and not begun, where there is none in a while. */
  async run<T>(receiver: string, work: () => Promise<T>): Promise<T | null> {
    this.spend(statementsOfAttempt);
    if (!(await this.#shared.take(receiver))) {
      this.settle(1, 0);
      return null;
    }
    this.#shared.attempts--;
    try {
      return await work();
    } finally {
      this.#shared.release(receiver);
    }
  }
}
