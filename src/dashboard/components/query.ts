import { versionTag } from '../../platform/etag.ts';
import { ApiProblem } from '../api.ts';
import type { View } from '../view.ts';

/** Those of the page's own parameters that its list takes, as the API's query; with `?` where there is one. */
export function listQuery(view: View, names: string[], more: Record<string, string> = {}): string {
  const query = new URLSearchParams(more);
  for (const name of ['cursor', ...names]) {
    const value = view.query.get(name);
    if (value) query.set(name, value);
  }
  return query.size === 0 ? '' : `?${query}`;
}

/** A program's part of the API. */
export const programApi = (view: View, path: string) =>
  `/api/programs/${encodeURIComponent(view.programId)}/${path}`;

/** A form's field, without spaces around it; undefined where it was left empty. */
export function field(view: View, name: string): string | undefined {
  const value = view.form[name]?.[0]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

/** A field's words: separated by spaces, commas or lines. */
export const words = (view: View, name: string): string[] =>
  (field(view, name) ?? '').split(/[\s,]+/).filter((word) => word !== '');

/**
 * Sends what a form asks for, if the thing still is as the form was made from (its field `base`). Where somebody
 * was quicker the page shows it as it is now and the form as it was typed: sent again, it is meant.
 *
 * @param what was changed, in the words of the sentence: `this endpoint`
 */
export async function sendIfUnchanged(
  view: View,
  method: 'POST' | 'PATCH',
  path: string,
  body: unknown,
  what: string,
): Promise<Response> {
  const base = Date.parse(field(view, 'base') ?? '');
  const headers: Record<string, string> = Number.isNaN(base) ? {} : { 'if-match': versionTag(base) };
  try {
    return await view.api.ask(method, path, body, headers);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.problem.status !== 412) throw error;
    const detail = `Somebody else has changed ${what} since you opened this page, and nothing of yours was done. Below is how it stands now; your form still holds what you typed. Look both over, and send it again if you mean it.`;
    throw new ApiProblem({ ...error.problem, detail });
  }
}
