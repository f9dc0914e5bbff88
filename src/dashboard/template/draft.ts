import type { Preview } from '../../features/syncs/routes.ts';
import { sha256Hex } from '../../platform/encoding.ts';
import { SealError } from '../../platform/seal.ts';
import { ApiProblem } from '../api.ts';
import type { Problem, View } from '../view.ts';

/** What a template says of one category, as far as the page edits it. */
export interface Mapping {
  action: string;
  label: string;
  importProcessId: string;
  mode: string;
  row: string;
}

/** A subscription's template as it is saved, and where its address is. */
export interface Saved {
  path: string;
  publisherId: string;
  etag: string;
  /** It was given as a JSON string, and is given back as one. */
  isText: boolean;
  categories: Record<string, unknown>;
}

/** One category as the form holds it. */
export interface Draft {
  category: string;
  /** It is not in the saved template. */
  isNew: boolean;
  mapping: Mapping;
  /** Which saved text the form was made from. */
  base: string;
  /** A preview's event: one of the latest, or one that was pasted. */
  eventId: string;
  pasted: string;
}

export async function readSaved(view: View): Promise<Saved> {
  const path = `/api/programs/${encodeURIComponent(view.programId)}/eventSubs/${encodeURIComponent(view.params.publisherId ?? '')}`;
  const answer = await view.api.ask('GET', path);
  const one = await answer.json<{
    PublisherProgramId: string;
    LbApiPayloadTemplate: string | Record<string, unknown>;
  }>();
  const template = one.LbApiPayloadTemplate;
  return {
    path,
    publisherId: one.PublisherProgramId,
    etag: answer.headers.get('etag') ?? '',
    isText: typeof template === 'string',
    categories: typeof template === 'string' ? JSON.parse(template) : template,
  };
}

/** The form as it was sent, else the category that the address names, else the first. */
export async function readDraft(view: View, saved: Saved): Promise<Draft> {
  const sent = (name: string) => view.form[name]?.[0];
  const names = Object.keys(saved.categories);
  const wantsNew = view.query.get('new') === '1' || names.length === 0;
  const category = sent('category') ?? view.query.get('category') ?? (wantsNew ? '' : (names[0] ?? ''));
  const isNew = !Object.hasOwn(saved.categories, category);
  const mapping = toMapping(isNew ? undefined : saved.categories[category]);
  return {
    category,
    isNew,
    base: await baseOf(saved, category),
    mapping: {
      action: sent('action') ?? mapping.action,
      label: sent('label') ?? mapping.label,
      importProcessId: sent('importProcessId') ?? mapping.importProcessId,
      mode: sent('mode') ?? mapping.mode,
      row: sent('row')?.replaceAll('\r\n', '\n') ?? mapping.row,
    },
    eventId: sent('event') ?? view.query.get('event') ?? '',
    pasted: sent('pasted')?.trim() ?? '',
  };
}

export async function baseOf(saved: Saved, category: string): Promise<string> {
  const own = Object.hasOwn(saved.categories, category) ? saved.categories[category] : null;
  return (await sha256Hex(JSON.stringify(own))).slice(0, 20);
}

export function toMapping(raw: unknown): Mapping {
  const of = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  const text = (value: unknown, otherwise = '') =>
    value === undefined || value === null ? otherwise : String(value);
  return {
    action: text(of.action, 'import'),
    label: text(of.label),
    importProcessId: text(of.importProcessId),
    mode: text(of.mode, 'json'),
    // Forms send line ends of their own.
    row: text(of.batchRowTemplate).replaceAll('\r\n', '\n'),
  };
}

/** The whole template with the draft in it; what the page does not know stays. */
export function withDraft({ isText, categories }: Saved, { category, mapping }: Draft): unknown {
  const before = Object.hasOwn(categories, category) ? (categories[category] as object) : {};
  const { action, label, importProcessId, mode, row } = mapping;
  const changed: Record<string, unknown> = { ...before, action, mode };
  const put = (name: string, value: unknown) => {
    if (value === '') delete changed[name];
    else changed[name] = value;
  };
  put('label', label);
  put('importProcessId', /^\d{1,15}$/.test(importProcessId) ? Number(importProcessId) : importProcessId);
  put('batchRowTemplate', row);
  return pack({ isText }, { ...categories, [category]: changed });
}

export function pack({ isText }: Pick<Saved, 'isText'>, categories: Record<string, unknown>): unknown {
  return isText ? JSON.stringify(categories) : categories;
}

/** What the draft gives, or why it cannot be right. */
export type Tried = { ok: true; preview: Preview; shown: string } | { ok: false; problem: Problem };

/** Asks the API for a preview: the same compiler as saving, the same rows as the next synchronisation. */
export async function tryDraft(view: View, saved: Saved, draft: Draft | null): Promise<Tried> {
  const body: Record<string, unknown> = { compare: true };
  if (draft !== null) body.LbApiPayloadTemplate = withDraft(saved, draft);
  try {
    if (draft !== null && draft.pasted !== '') body.events = [readPasted(draft.pasted)];
    const preview = await view.api.send<Preview>('POST', `${saved.path}/preview`, body);
    if (preview === null) throw new Error('a preview without an answer');
    return { ok: true, preview, shown: await proofOf(view, saved) };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return { ok: false, problem: error.problem };
  }
}

function readPasted(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiProblem({
      status: 400,
      title: 'Not an event',
      detail: 'The pasted event is no JSON. Paste one event as the API takes it.',
      code: 'malformed_json',
      requestId: '',
    });
  }
}

const identity = (view: View, saved: Saved) =>
  `template_values:${view.actor.session?.sessionId ?? ''}:${view.programId}:${saved.publisherId}`;

/** Proof that the audit log says who looks; it travels in the form, for each preview of this visit. */
export function newProof(view: View, saved: Saved): Promise<string> {
  return view.ctx.sealer.seal('shown', identity(view, saved));
}

/** The form's proof; empty where it is none of this session and subscription. */
async function proofOf(view: View, saved: Saved): Promise<string> {
  const given = view.form.shown?.[0] ?? '';
  if (given === '') return '';
  try {
    await view.ctx.sealer.open(given, identity(view, saved));
    return given;
  } catch (error) {
    if (error instanceof SealError) return '';
    throw error;
  }
}
