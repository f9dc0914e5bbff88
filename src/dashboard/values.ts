import type { Scope } from '../context.ts';
import { ApiProblem } from './api.ts';
import type { View } from './view.ts';

/**
 * Rows and events are of people. What a page holds of them beside names, counts and states is masked, and shown
 * to whose work it is, on demand and on record. `read` alone, a viewer's, shows none of it; a system key all.
 * The API's `read` is wider: it is a program's key and not somebody at a screen.
 *
 * | kind | what |
 * |---|---|
 * | rows | records, their history and search, rejected rows, dropped files |
 * | events | an event's data and its participant |
 * | calls | the exact request to an endpoint, what is mailed, and the receivers' answers, which may repeat it |
 * | batches | the answers to a synchronisation's calls |
 * | nights | the files that an export wrote |
 * | previews | the rows that a template makes of events |
 */
const openedBy = {
  rows: ['files', 'jobs', 'manage'],
  events: ['events:publish', 'events:pull', 'manage'],
  calls: ['webhooks'],
  batches: ['templates', 'webhooks'],
  nights: ['exports'],
  previews: ['templates'],
} as const satisfies Record<string, readonly Scope[]>;

export type ValueKind = keyof typeof openedBy;

/** What stands for a value that is not shown. */
export const masked = '•••';

/** True where who looks may see values of that kind, once they ask for them. */
export const maySee = (view: Pick<View, 'can'>, kind: ValueKind): boolean =>
  openedBy[kind].some((scope) => view.can(scope));

/** Somebody who may, in the words of a page: `Somebody with the scope “files” or “jobs”`. */
export function whoSees(kind: ValueKind): string {
  const names = openedBy[kind].map((scope) => `“${scope}”`);
  return `Somebody with the scope ${names.join(', ').replace(/, ([^,]*)$/, ' or $1')}`;
}

/** The refusal of what would show such values; its pages offer it to nobody who may not. */
export const mayNotSee = (kind: ValueKind, requestId: string): ApiProblem =>
  new ApiProblem({
    status: 403,
    title: 'This is not yours to see',
    detail: `This holds values of rows or events. ${whoSees(kind)} can see them.`,
    code: 'forbidden',
    requestId,
  });
