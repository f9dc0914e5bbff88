import { RenderError } from '../../platform/handlebars/index.ts';
import { parseForReading } from '../../platform/json/raw.ts';
import type { Event } from '../events/index.ts';
import { envelopeOf } from '../events/index.ts';
import { type CompiledTemplate, type Mapping, matchCategory } from '../subscriptions/index.ts';

/** What a template makes of an event. */
export type Rendered =
  | { kind: 'row'; processId: string; line: string; mapping: Mapping }
  /** `mapping` null: the template says nothing of the category. */
  | { kind: 'ignored'; mapping: Mapping | null }
  | { kind: 'fault'; mapping: Mapping; fault: RowFault };

/** Why there is no row; never with a value of the event. */
export interface RowFault {
  code: string;
  message: string;
  line: number | null;
  column: number | null;
}

const maxRowChars = 1_000_000;

/** Renders an event to a line of JSON Lines. Pure but for `nowMs`, which the helper `now` gives. */
export function renderRow(template: CompiledTemplate & { ok: true }, event: Event, nowMs: number): Rendered {
  const mapping = matchCategory(template, event.category?.value ?? null);
  if (!mapping?.row) return { kind: 'ignored', mapping };
  const fault = (code: string, message: string): Rendered => ({
    kind: 'fault',
    mapping,
    fault: { code, message, line: null, column: null },
  });
  let text: string;
  try {
    text = mapping.row.render(parseForReading(event.data), {
      variables: { event: templateEnvelope(event) },
      now: nowMs,
    });
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    const { code, message, line, column } = error;
    return { kind: 'fault', mapping, fault: { code, message, line, column } };
  }
  if (text.length > maxRowChars) return fault('row_too_large', 'The row has more than a million characters.');
  if (!isObject(text)) return fault('row_not_json', 'The template gave no JSON object: a row is one.');
  // JSON has no line ends inside a string, so that these are space.
  return {
    kind: 'row',
    processId: mapping.importProcessId,
    line: text.replace(/[\r\n]+/g, ' ').trim(),
    mapping,
  };
}

/** What a template sees as `@event`. */
function templateEnvelope(event: Event): Record<string, unknown> {
  const envelope = envelopeOf(event);
  return { ...envelope, change: event.change, key: event.recordKey, Sequence: event.sequence };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
