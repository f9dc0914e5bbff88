/**
 * One transfer's end, from whichever side it comes first: a time limit, a lost connection, a source that
 * broke off. Everything that waits does so through `race`.
 */
export class Deadline {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #broken: Promise<never>;
  #reject: (reason: unknown) => void = () => undefined;
  #reason: unknown = null;

  constructor() {
    this.#broken = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.#broken.catch(() => undefined);
  }

  /** Ends everything that waits with `reason`; the first reason stands. */
  break(reason: unknown): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#reject(reason);
    this.clear();
  }

  get isBroken(): boolean {
    return this.#reason !== null;
  }

  /** Breaks after so many seconds with what `reason` then says; answers a function that calls it off. */
  limit(seconds: number, reason: () => unknown): () => void {
    const timer = setTimeout(() => this.break(reason()), seconds * 1_000);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#broken]);
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
