interface Route {
  path: string;
  scope: string;
  /** What it shows of rows or events, if anything. */
  values?: string;
}

export type Role = 'operator' | 'engineer' | 'consultant' | 'manager' | 'viewer';

// A path that the compiler does not follow: the pages are of the runtime, and so are their types.
const source = (name: string) => new URL(`../../src/dashboard/${name}.ts`, import.meta.url).href;
const routes: { pageRoutes: Route[]; downloadRoutes: Route[] } = await import(source('routes'));
const actions: { actionRoutes: Route[] } = await import(source('actions'));

/** The dashboard's own tables: a page or form that is written tomorrow is tested tomorrow. */
export const { pageRoutes, downloadRoutes } = routes;
export const { actionRoutes } = actions;

const access: { roleScopes: Record<Exclude<Role, 'operator'>, string[]> } = await import(source('access'));
/** What each role may; the operator's is no list. */
export const { roleScopes } = access;
export const roles: Role[] = ['operator', 'engineer', 'consultant', 'manager', 'viewer'];
