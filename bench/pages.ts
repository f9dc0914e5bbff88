/**
 * What a page costs to make and to show, as ratios within one run. First: fifty rows by JSX beside the same
 * text by template literals, both inside workerd, timed from outside. Then, in Chromium on a slow line (1.6
 * Mbit/s, 150 ms) and a slow processor (a quarter): when the largest text is painted, beside the same bytes as
 * one static file of another server. Needs Chromium.
 * `node bench/pages.ts [rounds]`
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { closeStage, newTab, openStage, pageAt, settled, stage } from '../test/support/stage.ts';
import { bundle, compatibilityDate } from './workerd.ts';

const rounds = Number(process.argv[2] ?? 7);
const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

async function compareRendering(): Promise<void> {
  const script = await bundle('pages-worker.ts');
  const server = new Miniflare(convertV4MiniflareOptions({ modules: true, script, compatibilityDate }));
  // Many short turns: what else the machine does meets both.
  const times = 40;
  const ask = async (kind: string, count: number) =>
    (await server.dispatchFetch(`http://bench/${kind}?times=${count}`)).text();
  const [jsx, literal] = await Promise.all([ask('jsx', 1), ask('literal', 1)]);
  if (jsx !== literal) throw new Error('the two texts differ');
  const taken: Record<string, number[]> = { jsx: [], literal: [] };
  for (let round = 0; round < 5 * rounds + 1; round++) {
    for (const kind of ['jsx', 'literal']) {
      const start = performance.now();
      await ask(kind, times);
      // The first round warms up.
      if (round > 0) taken[kind]?.push((performance.now() - start) / times);
    }
  }
  await server.dispose();
  const [a, b] = [median(taken.jsx ?? []), median(taken.literal ?? [])];
  console.log(`50 rows, ${jsx.length} characters: JSX ${a.toFixed(2)} ms, literals ${b.toFixed(2)} ms`);
  console.log(`JSX to literals: ${(a / b).toFixed(2)} x (bar 3)`);
}

/** When the largest thing is painted, and how much the layout shifts, on a slow line and processor. */
async function paint(url: string): Promise<{ atMs: number; shift: number }> {
  const { page, context } = await newTab();
  const line = await context.newCDPSession(page);
  await line.send('Network.enable');
  await line.send('Network.setCacheDisabled', { cacheDisabled: true });
  const bytesPerSecond = 1_600_000 / 8;
  await line.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: bytesPerSecond,
  });
  await line.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.goto(url, { waitUntil: 'load' });
  const seen = await page.evaluate<{ atMs: number; shift: number }>(`new Promise((resolve) => {
    let shift = 0;
    new PerformanceObserver((list) => { for (const one of list.getEntries()) shift += one.value; })
      .observe({ type: 'layout-shift', buffered: true });
    new PerformanceObserver((list) => setTimeout(() => resolve({ atMs: list.getEntries().at(-1).startTime, shift }), 500))
      .observe({ type: 'largest-contentful-paint', buffered: true });
  })`);
  await context.close();
  return seen;
}

async function comparePainting(name: string, bar: number): Promise<void> {
  const { page, context } = await newTab();
  const answer = await page.goto(`${pageAt(name)}?live=off`);
  const html = (await answer?.text()) ?? '';
  const [, style = ''] = /rel="stylesheet" href="([^"]+)"/.exec(html) ?? [];
  const css = await (await fetch(`${stage.hub.url}${style}`)).text();
  await context.close();
  // The page's own markup and style in one file, without its script.
  const file = html
    .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${css}</style>`)
    .replace(/<script[^>]*><\/script>/, '')
    .replace(/<link rel="icon"[^>]*>/, '');
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(file);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const still = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
  const [ours, theirs, shifts]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const { atMs, shift } = await paint(`${pageAt(name)}?live=off`);
    ours.push(atMs);
    shifts.push(shift);
    theirs.push((await paint(still)).atMs);
  }
  server.close();
  const ratio = median(ours) / median(theirs);
  console.log(
    `${name}: largest text at ${median(ours).toFixed(0)} ms, as a static file at ${median(theirs).toFixed(0)} ms: ${ratio.toFixed(2)} x (bar ${bar}); layout shift ${Math.max(...shifts).toFixed(3)} (bar 0.02)`,
  );
}

await compareRendering();
await openStage();
try {
  await settled();
  await comparePainting('jobs', 1.3);
  await comparePainting('overview', 1.5);
} finally {
  await closeStage();
}
