/** How long anything may be remembered that someone could revoke. */
const longestMs = 5_000;
const mostEntries = 5_000;

interface Entry<Value> {
  until: number;
  value: Value;
}

interface Kept<Value> {
  entries: Map<string, Entry<Value>>;
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
    if (known && isFresh(known, nowMs)) return known.value;
    const { forgotten } = kept;
    const value = await ask();
    if (value !== null && kept.forgotten === forgotten) keep(kept, key, value, nowMs);
    return value;
  }

  /** The same of many: those that are not remembered are asked for together. What is not there is left out. */
  async getAll(
    owner: object,
    keys: string[],
    nowMs: number,
    ask: (missing: string[]) => Promise<Map<string, Value>>,
  ): Promise<Map<string, Value>> {
    const kept = this.#keptOf(owner);
    const found = new Map<string, Value>();
    const missing: string[] = [];
    for (const key of keys) {
      const known = kept.entries.get(key);
      if (known && isFresh(known, nowMs)) found.set(key, known.value);
      else missing.push(key);
    }
    if (missing.length === 0) return found;
    const { forgotten } = kept;
    for (const [key, value] of await ask(missing)) {
      found.set(key, value);
      if (kept.forgotten === forgotten) keep(kept, key, value, nowMs);
    }
    return found;
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

/** A clock that went back does not make what is remembered last longer. */
function isFresh({ until }: Entry<unknown>, nowMs: number): boolean {
  return until > nowMs && until <= nowMs + longestMs;
}

function keep<Value>(kept: Kept<Value>, key: string, value: Value, nowMs: number): void {
  if (kept.entries.size >= mostEntries) kept.entries.clear();
  kept.entries.set(key, { until: nowMs + longestMs, value });
}
