import type { Visit, Visitor } from './browser.ts';

/** A page as it was found, and what it posts. */
export interface Crawled {
  path: string;
  visit: Visit;
  /** Addresses that its forms post to. */
  actions: string[];
}

const attribute = (tag: string, name: string) =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&');

export const tagsOf = (html: string): string[] => html.match(/<[a-z][^>]*>/gi) ?? [];

/** An address without what it is of: `/p/x/jobs/*`, `/p/x/deliveries?about`. */
const shapeOf = (path: string) =>
  path.replace(/[a-z]{3}_[0-9a-z]{26}|\/\d+(?=\/|$)/g, '*').replace(/=[^&]*/g, '');

/** Follows the links from a page to those below `within`, to `ofAKind` of each kind. */
export async function crawl(visitor: Visitor, from: string, within: string, ofAKind = 2): Promise<Crawled[]> {
  const seen = new Set([from]);
  const waiting = [from];
  const found: Crawled[] = [];
  const kinds = new Map<string, number>();
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const visit = await visitor.get(path);
    const actions: string[] = [];
    for (const tag of tagsOf(visit.html)) {
      if (tag.startsWith('<form') && attribute(tag, 'method') === 'post')
        actions.push(attribute(tag, 'action') ?? '');
      const href = tag.startsWith('<a ') ? attribute(tag, 'href') : undefined;
      // The zone and the filters of a page are the page again.
      if (!href?.startsWith(within) || seen.has(href) || /[?&](tz|live|month|cursor)=/.test(href)) continue;
      seen.add(href);
      const known = kinds.get(shapeOf(href)) ?? 0;
      if (known >= ofAKind) continue;
      kinds.set(shapeOf(href), known + 1);
      waiting.push(href);
    }
    found.push({ path, visit, actions });
  }
  return found;
}
