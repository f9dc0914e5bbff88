export const defaultRetryDelaysMs: readonly number[] = [100, 400];

/** Tries once and again after each delay (halved to full, at random), as long as `mayRetry` says so. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  mayRetry: (error: unknown) => boolean,
  delaysMs: readonly number[],
): Promise<T> {
  for (const delayMs of delaysMs) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayRetry(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs * (0.5 + Math.random() / 2)));
  }
  return attempt();
}
