/** A claim that did not hold: it ends the demo with its sentence and exit code 1. */
export class DemoFailure extends Error {}

/** What was asked for cannot be done: its sentence, the usage, and exit code 2. */
export class UsageError extends Error {}

/** Holds what the demo says against what it saw. */
export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new DemoFailure(otherwise);
}
