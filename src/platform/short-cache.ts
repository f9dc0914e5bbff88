/** How long anything may be remembered that someone could revoke. */
const longestMs = 5_000;
const mostEntries = 5_000;

interface Kept<Value> {
  entries: Map<string, { until: number; value: Value }>;
  /** Counts what was forgotten: an answer asked for before may be old. */
  forgotten: number;
}

/**
 * Remembers answers for at most five seconds, and never that something (null) is not there: what was just
 * made is found. `owner` is what they came from, such as a database. Values alone are kept, never promises:
 * a Worker's request must not wait for another's I/O.
 */
export class ShortCache<Value> {
  readonly #byOwner = new WeakMap<object, Kept<Value>>();

  async get(owner: object, key: string, nowMs: number, ask: () => Promise<Value>): Promise<Value> {
    const kept = this.#keptOf(owner);
    const known = kept.entries.get(key);
    if (known && known.until > nowMs && known.until <= nowMs + longestMs) return known.value;
    const { forgotten } = kept;
    const value = await ask();
    if (value !== null && kept.forgotten === forgotten) {
      if (kept.entries.size >= mostEntries) kept.entries.clear();
      kept.entries.set(key, { until: nowMs + longestMs, value });
    }
    return value;
  }

  /** After a change made here; one made elsewhere is seen when the five seconds are over. */
  forget(owner: object, key: string): void {
    const kept = this.#keptOf(owner);
    kept.entries.delete(key);
    kept.forgotten++;
  }

  /** The same of everything. */
  forgetAll(owner: object): void {
    const kept = this.#keptOf(owner);
    kept.entries.clear();
    kept.forgotten++;
  }

  #keptOf(owner: object): Kept<Value> {
    const known = this.#byOwner.get(owner);
    if (known) return known;
    const fresh: Kept<Value> = { entries: new Map(), forgotten: 0 };
    this.#byOwner.set(owner, fresh);
    return fresh;
  }
}
