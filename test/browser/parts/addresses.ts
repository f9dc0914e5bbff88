import { pageRoutes } from '../../support/dashboard-routes.ts';
import { stage } from '../../support/stage.ts';

export interface Address {
  name: string;
  path: string;
  scope: string;
}

/** What a page needs beside its path. */
const queries: Record<string, string> = {
  '/p/:programId/datasets/:dataset/record': '?key=1',
  '/p/:programId/subscriptions/:publisherId/template': '?category=COURSE',
};

/** Every page of the routes' own table, at something that is there: a page that is written tomorrow too. */
export function addresses(ids: Record<string, string> = stage.ids): Address[] {
  return pageRoutes
    .filter(({ path }) => path !== '/jump')
    .map(({ path, scope }) => ({
      name: path
        .replace('/p/:programId/', '')
        .replaceAll(/[/:?=]/g, '-')
        .replace(/^-/, ''),
      path: `${fillIn(path, ids)}${queries[path] ?? ''}`,
      scope,
    }));
}

export function fillIn(path: string, ids: Record<string, string>): string {
  return path.replaceAll(/:([A-Za-z]+)(?:\{([^}]*)\})?/g, (_, name: string, choice?: string) => {
    const value = ids[name] ?? choice?.split('|')[0];
    if (value === undefined)
      throw new Error(`test/support/stage.ts has nothing for ":${name}" of ${path}: add one to its ids.`);
    return encodeURIComponent(value);
  });
}
