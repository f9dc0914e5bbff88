import { isRawNumber, parseForReading } from '../../platform/json/raw.ts';
import type { Event } from '../events/index.ts';
import type { CompiledTemplate } from '../subscriptions/index.ts';
import { renderRow } from './rows.ts';
import type { PreviewedEvent, TemplateDifference } from './schema.ts';

type Compiled = CompiledTemplate & { ok: true };

/** What a template makes of one event. Pure but for `nowMs`. */
export function previewEvent(template: Compiled, event: Event, nowMs: number): PreviewedEvent {
  const made = renderRow(template, event, nowMs);
  return {
    eventId: event.eventId === '' ? null : event.eventId,
    publisherEventId: event.publisherEventId === '' ? null : event.publisherEventId,
    category: event.category?.value ?? null,
    matched: made.mapping?.category ?? null,
    action: made.kind === 'ignored' ? 'ignore' : 'import',
    importProcessId: made.kind === 'ignored' ? null : made.mapping.importProcessId,
    members: membersOf(parseForReading(event.data)),
    row: made.kind === 'row' ? made.line : null,
    error: made.kind === 'fault' ? made.fault : null,
  };
}

const membersAtMost = 100;

/** The names a template can write: members and their members, dotted. */
function membersOf(data: unknown, prefix = '', depth = 0): string[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data) || isRawNumber(data) || depth > 2)
    return [];
  const names: string[] = [];
  for (const [name, value] of Object.entries(data)) {
    if (names.length >= membersAtMost) break;
    const inner = membersOf(value, `${prefix}${name}.`, depth + 1);
    names.push(...(inner.length > 0 ? inner : [`${prefix}${name}`]));
  }
  return names.slice(0, membersAtMost);
}

const firstDifferences = 10;
/** What is rendered before it ends, in characters of rows: an answer must not take minutes. */
const renderedAtMost = 8_000_000;

/** What a draft changes for these events. Pure but for `nowMs`; the helper `now` gives both the same. */
export function compareTemplates(
  saved: Compiled,
  draft: Compiled,
  events: Event[],
  nowMs: number,
): TemplateDifference {
  const failing: TemplateDifference['first'] = [];
  const changed: TemplateDifference['first'] = [];
  const counts = { events: 0, unchanged: 0, changed: 0, failing: 0 };
  const categories = new Map<string | null, { events: number; matched: string | null }>();
  let rendered = 0;
  for (const event of events) {
    if (rendered > renderedAtMost) break;
    const pair = { saved: previewEvent(saved, event, nowMs), draft: previewEvent(draft, event, nowMs) };
    rendered += (pair.saved.row?.length ?? 0) + (pair.draft.row?.length ?? 0);
    counts.events += 1;
    const { category, matched } = pair.draft;
    categories.set(category, { events: (categories.get(category)?.events ?? 0) + 1, matched });
    const kind = kindOf(pair.saved, pair.draft);
    counts[kind] += 1;
    const list = kind === 'failing' ? failing : changed;
    if (kind !== 'unchanged' && list.length < firstDifferences) list.push(pair);
  }
  return {
    ...counts,
    first: [...failing, ...changed].slice(0, firstDifferences),
    categories: [...categories].map(([category, of]) => ({ category, ...of })),
  };
}

function kindOf(saved: PreviewedEvent, draft: PreviewedEvent): 'unchanged' | 'changed' | 'failing' {
  if (draft.error !== null && saved.error === null) return 'failing';
  const isSame =
    saved.row === draft.row &&
    saved.action === draft.action &&
    saved.importProcessId === draft.importProcessId &&
    (saved.error === null) === (draft.error === null);
  return isSame ? 'unchanged' : 'changed';
}
