import { describe, expect, it } from 'vitest';

// A path that the compiler does not follow: the pages are of the runtime, and so are their types.
const source = new URL('../../src/dashboard/news.tsx', import.meta.url).href;
const { news, WhatChanged }: { news: { number: number; text: string }[]; WhatChanged(of: unknown): unknown } =
  await import(source);

describe('the news of a version', () => {
  it('stand newest first under numbers that count up, each a short sentence', () => {
    const numbers = news.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => b - a));
    for (const { text } of news) expect(text).toMatch(/^[A-Z][^.]{10,150}\.$/);
  });

  it('name the version and when it was deployed, where one was, and keep to what somebody may do', () => {
    const told = (version: unknown, may: (scope: string) => boolean) =>
      String(
        WhatChanged({
          view: {
            ...{ version, newsSeen: 0, can: may, formToken: 'token', problem: null, sentTo: '' },
            ...{ url: new URL('https://hub.example/p/x/jobs?a=1'), zone: { mode: 'utc', name: 'UTC' } },
          },
        }),
      );
    const deployed = { id: '0f1e2d3c-aaaa', deployedAt: '2026-11-22T10:00:00.000Z' };
    const html = told(deployed, () => true);
    expect(html).toContain('in version 0f1e2d3c');
    expect(html).toContain('<time datetime="2026-11-22T10:00:00.000Z">22 Nov 2026, 10:00:00</time>');
    expect(html).toContain('name="to" value="/p/x/jobs?a=1"');
    const all = html.match(/<li>/g)?.length ?? 0;
    const ofReader = told(deployed, (scope) => scope === 'read').match(/<li>/g)?.length ?? 0;
    expect(ofReader).toBeLessThan(all);
    expect(told({ id: null, deployedAt: null }, () => true)).toContain('runs from its sources');
  });
});
