import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Resident bytes of every workerd that this process, or a child of it, has started. Linux only. */
export function runtimeBytes(): number {
  if (!existsSync('/proc')) return 0;
  const parents = new Map<number, number>();
  const sizes = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
      if (!/^Name:\s+workerd/m.test(status)) continue;
      sizes.set(Number(name), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1_024);
    } catch {
      // It ended in between.
    }
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid === process.pid || (pid !== undefined && pid > 1 && isOurs(parents.get(pid)));
  return [...sizes].reduce((sum, [pid, size]) => sum + (isOurs(pid) ? size : 0), 0);
}

/** By how many MB the runtime grows at most while the work runs. */
export async function growthOf<T>(work: () => Promise<T>): Promise<{ result: T; grownMb: number }> {
  const before = runtimeBytes();
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, runtimeBytes());
  }, 50);
  try {
    const result = await work();
    return { result, grownMb: Math.round((peak - before) / 1e6) };
  } finally {
    clearInterval(timer);
  }
}
