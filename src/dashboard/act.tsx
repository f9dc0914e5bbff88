import type { Context } from 'hono';
import { ApiProblem } from './api.ts';
import type { DoorEnv } from './door.tsx';
import { problemPage } from './problem.tsx';
import { isOwnForm } from './session.ts';
import type { ActionRoute, FormFields, Page, View } from './view.ts';

/** What a form may weigh; files go by the upload page, which streams. */
const formLimitBytes = 1_024 * 1_024;

/**
 * Does what a form asks for, then leads on (303), so that a reload repeats nothing. What the API refuses is
 * shown on the form's own page with all that was typed.
 */
export async function actOn(
  c: Context<DoorEnv>,
  view: View,
  route: ActionRoute,
  show: (page: Page) => Promise<Response>,
): Promise<Response> {
  const form = await readForm(c);
  if (form === null) return c.text('The form is too large, or no form.', 413);
  if (!(await isOwnForm(c, view.ctx, form._token?.[0], view.formToken)))
    return c.text(
      'This form does not come from a page of this session. Go back, reload it and send it again.',
      403,
    );
  view.form = form;
  try {
    const outcome = await route.act(view);
    if ('title' in outcome) return show(outcome);
    const [path = '', query = ''] = outcome.to.split('?', 2);
    const search = new URLSearchParams(query);
    if (outcome.done !== undefined) search.set('done', outcome.done);
    return c.redirect(search.size === 0 ? path : `${path}?${search}`, 303);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    view.problem = error.problem;
    const page = await pageOf(view, route);
    return show({ ...page, status: page.status ?? (error.problem.status as Page['status'] & number) });
  }
}

/** The form's own page; where that is refused too, what refused it. */
async function pageOf(view: View, route: ActionRoute): Promise<Page> {
  try {
    return await route.page(view);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    view.problem = null;
    return problemPage(error, view, route.section);
  }
}

async function readForm(c: Context<DoorEnv>): Promise<FormFields | null> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim();
  if (type !== 'application/x-www-form-urlencoded') return null;
  if (Number(c.req.header('content-length') ?? 0) > formLimitBytes) return null;
  const text = await c.req.text();
  if (text.length > formLimitBytes) return null;
  const fields: FormFields = {};
  for (const [name, value] of new URLSearchParams(text)) {
    // A form's own names only; "__proto__" is none of them.
    if (!/^[a-z_][\w.-]*$/i.test(name) || name.startsWith('__')) continue;
    const values = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (values) values.push(value);
    else fields[name] = [value];
  }
  return fields;
}
