interface Route {
  path: string;
  scope: string;
}

// A path that the compiler does not follow: the pages are of the runtime, and so are their types.
const source = (name: string) => new URL(`../../src/dashboard/${name}.ts`, import.meta.url).href;
const routes: { pageRoutes: Route[]; downloadRoutes: Route[] } = await import(source('routes'));
const actions: { actionRoutes: Route[] } = await import(source('actions'));

/** The dashboard's own tables: a page or form that is written tomorrow is tested tomorrow. */
export const { pageRoutes, downloadRoutes } = routes;
export const { actionRoutes } = actions;
