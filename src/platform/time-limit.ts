/** The time that a request may take in all. Without a listener for each step: they are dear in the runtime. */
export class TimeLimit {
  readonly #abort = new AbortController();
  readonly #over: Promise<never>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number) {
    this.#over = new Promise((_, reject) => {
      this.#timer = setTimeout(() => {
        this.#abort.abort();
        reject(this.signal.reason);
      }, ms);
    });
    // Nobody may be waiting when it comes.
    this.#over.catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isOver(): boolean {
    return this.signal.aborted;
  }

  /** Rejects when the time is over first: a body that trickles does not always feel fetch's own signal. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over]);
  }

  end(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }
}
