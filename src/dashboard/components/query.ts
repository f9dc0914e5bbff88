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
