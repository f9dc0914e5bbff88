import type { Context } from 'hono';
import { ApiProblem } from './api.ts';
import type { DoorEnv } from './door.tsx';
import { problemPage } from './problem.tsx';
import type { ActionRoute, FormFields, Page, Problem, View } from './view.ts';

/** What a form may weigh. */
const formLimitBytes = 1_024 * 1_024;
/** What a form with a file may weigh: it is held whole for a moment, and an isolate has 128 MB. */
export const uploadLimitBytes = 25_000_000;

/**
 * What is said above a form that came from one of our pages, but not by this session: it is shown again as it
 * was typed, and nothing is done.
 */
export const resend = {
  signedIn: {
    status: 409,
    detail: 'Your session had ended, and nothing was done. Look it over and send it again.',
  },
  otherSession: {
    status: 403,
    detail: 'Somebody has signed in anew since this page was made, and nothing was done. Send it again.',
  },
} as const;
export type Again = (typeof resend)[keyof typeof resend];

/**
 * Does what a form asks for, then leads on (303), so that a reload repeats nothing. What the API refuses is
 * shown on the form's own page with all that was typed; that page does not look for news, which would take
 * what was typed away again.
 *
 * @param again why it is not to be done yet
 */
export async function actOn(
  c: Context<DoorEnv>,
  view: View,
  route: ActionRoute,
  again: Again | null,
  show: (page: Page) => Promise<Response>,
): Promise<Response> {
  try {
    if (again !== null) throw new ApiProblem(problemOf(view, again));
    const outcome = await route.act(view);
    if ('title' in outcome) return show(outcome);
    const [path = '', query = ''] = outcome.to.split('?', 2);
    const search = new URLSearchParams(query);
    if (outcome.done !== undefined) search.set('done', outcome.done);
    return c.redirect(search.size === 0 ? path : `${path}?${search}`, 303);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    view.problem = error.problem;
    const { every: _, ...page } = await pageOf(view, route);
    const status = again?.status ?? page.status ?? (error.problem.status as Page['status'] & number);
    return show({ ...page, status });
  }
}

const problemOf = (view: View, again: Again): Problem => ({
  ...{ ...again, title: 'Not done yet', code: 'conflict' },
  requestId: view.ctx.requestId,
});

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

/** A form as it was sent; null where it is none, or too large. */
export async function readForm(
  c: Context<DoorEnv>,
  { takesFile = false }: Pick<ActionRoute, 'takesFile'>,
): Promise<{ fields: FormFields; upload: File | null } | null> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim();
  const limitBytes = takesFile ? uploadLimitBytes + formLimitBytes : formLimitBytes;
  // A form with a file says how long it is, so that none is held that is too long.
  const announced = c.req.header('content-length') ?? (takesFile ? limitBytes + 1 : 0);
  if (Number(announced) > limitBytes) return null;
  if (takesFile && type === 'multipart/form-data') return readParts(c);
  if (type !== 'application/x-www-form-urlencoded') return null;
  const text = await c.req.text();
  return text.length > limitBytes ? null : { fields: fieldsOf(new URLSearchParams(text)), upload: null };
}

async function readParts(c: Context<DoorEnv>): Promise<{ fields: FormFields; upload: File | null } | null> {
  try {
    const parts = [...(await c.req.raw.formData())];
    const texts = parts.filter((part): part is [string, string] => typeof part[1] === 'string');
    const file = parts.find(([name, value]) => name === 'file' && typeof value !== 'string')?.[1];
    return { fields: fieldsOf(texts), upload: file === undefined || typeof file === 'string' ? null : file };
  } catch {
    return null;
  }
}

function fieldsOf(sent: Iterable<[string, string]>): FormFields {
  const fields: FormFields = {};
  for (const [name, value] of sent) {
    // A form's own names only; "__proto__" is none of them.
    if (!/^[a-z_][\w.-]*$/i.test(name) || name.startsWith('__')) continue;
    const values = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (values) values.push(value);
    else fields[name] = [value];
  }
  return fields;
}
