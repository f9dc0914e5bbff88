/**
 * One transfer's end, from whichever side it comes first: a time limit, a lost connection, a source that
 * broke off. Everything that waits does so through `race`.
 */
export class Deadline {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #waiting = new Set<(reason: unknown) => void>();
  #broken: { reason: unknown } | null = null;

  /** Ends everything that waits with `reason`; the first reason stands. */
  break(reason: unknown): void {
    if (this.#broken) return;
    this.#broken = { reason };
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
    this.clear();
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

  /** `Promise.race` with one promise for the whole transfer would keep every piece of the file in memory. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#broken) reject(this.#broken.reason);
      else this.#waiting.add(reject);
      work.then(
        (value) => {
          this.#waiting.delete(reject);
          resolve(value);
        },
        (error) => {
          this.#waiting.delete(reject);
          reject(error);
        },
      );
    });
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
