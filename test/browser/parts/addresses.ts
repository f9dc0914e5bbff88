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

const isList = ({ path }: Address) => path.split('/').length === 4;

export const byScope = (which: 'system' | 'program'): Address[] =>
  addresses().filter(({ scope }) => (scope === 'system') === (which === 'system'));

/** Every list of a program with nothing in it. */
export function whenEmpty(): Address[] {
  const { empty, ids } = stage;
  return addresses({ ...ids, programId: empty.programId })
    .filter((one) => one.scope !== 'system' && isList(one))
    .map((one) => ({ ...one, name: `empty-${one.name}` }));
}

/** Every page where it cannot be shown: of what is not there, of another's program, of the hub to a program. */
export function inError(): Address[] {
  const eventId = `evt_${'0'.repeat(26)}`;
  const nothing: Record<string, string> = {
    localDate: '2040-01-01',
    flowId: '999999',
    name: 'none.csv',
    eventId,
  };
  const ids = Object.fromEntries(Object.keys(stage.ids).map((id) => [id, nothing[id] ?? 'none']));
  const { programId } = stage.program;
  const another = addresses({ ...stage.ids, programId: stage.publisher.programId });
  return [
    ...addresses({ ...ids, programId }).filter((one) => one.scope !== 'system' && !isList(one)),
    ...another.filter((one) => one.scope === 'system' || isList(one)),
  ]
    .filter(({ name }) => name !== 'keyboard')
    .map((one) => ({ ...one, name: `error-${one.name}` }));
}

export function fillIn(path: string, ids: Record<string, string>): string {
  return path.replaceAll(/:([A-Za-z]+)(?:\{([^}]*)\})?/g, (_, name: string, choice?: string) => {
    const value = ids[name] ?? choice?.split('|')[0];
    if (value === undefined)
      throw new Error(`test/support/stage.ts has nothing for ":${name}" of ${path}: add one to its ids.`);
    return encodeURIComponent(value);
  });
}
