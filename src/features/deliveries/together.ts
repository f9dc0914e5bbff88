import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import type { Pool } from './pool.ts';

/** Statements that one transaction may hold; what is more waits for the next. */
const mostStatements = 60;

/**
 * Commits that are asked for in one turn go to the database as one: an invocation looks at ten endpoints, or
 * claims ten lanes, with one round trip. They stand or fall together, and none needs another.
 */
export class Together {
  readonly #ctx: Ctx;
  readonly #pool: Pool;
  #asked: { statements: Statement[]; done: () => void; failed: (error: unknown) => void }[] = [];

  constructor(ctx: Ctx, pool: Pool) {
    this.#ctx = ctx;
    this.#pool = pool;
  }

  commit(statements: Statement[]): Promise<void> {
    return new Promise((done, failed) => {
      this.#asked.push({ statements, done, failed });
      if (this.#asked.length === 1) queueMicrotask(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    while (asked.length > 0) {
      const part = asked.splice(0, 1);
      let count = part[0]?.statements.length ?? 0;
      for (let next = asked[0]; next && count + next.statements.length <= mostStatements; next = asked[0]) {
        count += next.statements.length;
        part.push(next);
        asked.shift();
      }
      this.#pool.spend(count);
      try {
        await commit(
          this.#ctx.db,
          part.flatMap(({ statements }) => statements),
        );
        for (const { done } of part) done();
      } catch (error) {
        for (const { failed } of part) failed(error);
      }
    }
  }
}
