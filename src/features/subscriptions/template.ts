import type { InputIssue } from '../../platform/errors.ts';
import {
  compileTemplate,
  inspectTemplate,
  type Problem,
  type Template,
  TemplateError,
} from '../../platform/handlebars/index.ts';
import { mappingSchema } from './schema.ts';
import type { Routing } from './table.ts';

/** What a template says of one category. */
export interface Mapping {
  /** As the template names it; `*` and `_default` are the default. */
  category: string;
  action: 'import' | 'ignore';
  importProcessId: string;
  /** Null where the category is ignored. */
  row: Template | null;
}

export type CompiledTemplate =
  | { ok: true; byCategory: Map<string, Mapping>; fallback: Mapping | null }
  | { ok: false; issues: InputIssue[] };

const defaults = new Set(['*', '_default']);
const maxCategories = 200;
const path = 'LbApiPayloadTemplate';

/** An `LbApiPayloadTemplate`, given as an object or as the JSON text of one. Never throws. */
export function compilePayloadTemplate(given: unknown): CompiledTemplate {
  const read = typeof given === 'string' ? parse(given) : given;
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    return refuse(path, 'invalid_type', 'An object of categories, or the same as a JSON string.');
  }
  const entries = Object.entries(read);
  if (entries.length > maxCategories)
    return refuse(path, 'too_big', `At most ${maxCategories} categories are mapped.`);
  const issues: InputIssue[] = [];
  // All rows of a template are bounded together.
  const count = { tokens: 0 };
  const byCategory = new Map<string, Mapping>();
  let fallback: Mapping | null = null;
  for (const [category, raw] of entries) {
    const mapping = compileMapping(category, raw, count, issues);
    if (!mapping) continue;
    if (!defaults.has(category)) byCategory.set(category, mapping);
    else if (fallback) {
      issues.push({
        path: `${path}.${category}`,
        code: 'duplicate',
        message: '"*" and "_default" are the same: keep one.',
      });
    } else fallback = mapping;
  }
  return issues.length > 0 ? { ok: false, issues } : { ok: true, byCategory, fallback };
}

function compileMapping(
  category: string,
  raw: unknown,
  count: { tokens: number },
  issues: InputIssue[],
): Mapping | null {
  const at = `${path}.${category}`;
  const checked = mappingSchema.safeParse(raw);
  if (!checked.success) {
    for (const issue of checked.error.issues) {
      const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')];
      for (const name of names) {
        issues.push({ path: name === '' ? at : `${at}.${name}`, code: issue.code, message: issue.message });
      }
    }
    return null;
  }
  const { action, importProcessId, batchRowTemplate, mode } = checked.data;
  const found = issues.length;
  if (action === 'import') {
    if (importProcessId === undefined || importProcessId === null)
      issues.push({
        path: `${at}.importProcessId`,
        code: 'required',
        message: 'To import needs the process that imports.',
      });
    if (batchRowTemplate === undefined || batchRowTemplate === null)
      issues.push({
        path: `${at}.batchRowTemplate`,
        code: 'required',
        message: 'To import needs the template of a row.',
      });
  }
  let row: Template | null = null;
  if (typeof batchRowTemplate === 'string') {
    try {
      row = compileTemplate(batchRowTemplate, { mode, variables: ['event'], count });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      for (const problem of allProblems(batchRowTemplate, mode, error)) {
        issues.push({
          path: `${at}.batchRowTemplate`,
          code: 'template_invalid',
          message: problem.message,
          line: problem.line,
          column: problem.column,
        });
      }
    }
  }
  if (issues.length > found) return null;
  return {
    category,
    action,
    importProcessId: String(importProcessId ?? ''),
    row: action === 'import' ? row : null,
  };
}

const problemsAtMost = 50;

/** The problem that refused a template, and then every other in the order of its text. */
function allProblems(source: string, mode: Template['mode'], first: TemplateError): TemplateError[] {
  let found: Problem[] = [];
  try {
    found = inspectTemplate(source, { mode, variables: ['event'] });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
  }
  const others = found
    .filter(
      ({ code, line, column }) => `${code}${line}:${column}` !== `${first.code}${first.line}:${first.column}`,
    )
    .map((problem) => new TemplateError(problem));
  return [first, ...others].slice(0, problemsAtMost);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuse(at: string, code: string, message: string): CompiledTemplate {
  return { ok: false, issues: [{ path: at, code, message }] };
}

/** The version of a subscription's template, as `ETag` and `If-Match` carry it. */
export function templateTag({ templateVersion }: { templateVersion: number }): string {
  return `"${templateVersion}"`;
}

/** What decides where an event goes, without the rows. */
export function routingOf(template: { byCategory: Map<string, Mapping>; fallback: Mapping | null }): Routing {
  const categories = [...template.byCategory].map(([value, { action }]): [string, boolean] => [
    value,
    action === 'import',
  ]);
  return { categories, others: template.fallback?.action === 'import' };
}

/** Whether a subscriber wants the events of a category; an event may have none. */
export function isImported({ categories, others }: Routing, category: string | null): boolean {
  return categories.find(([value]) => value === category)?.[1] ?? others;
}

const kept = new Map<string, CompiledTemplate & { ok: true }>();
const keptAtMost = 50;

/**
 * The compiled form of a stored template. Kept per isolate: compiling costs more than a row.
 * @public for the synchronisation
 */
export function openPayloadTemplate(stored: string): CompiledTemplate & { ok: true } {
  const known = kept.get(stored);
  if (known) return known;
  const compiled = compilePayloadTemplate(JSON.parse(stored));
  if (!compiled.ok) throw new Error('a stored template that does not compile');
  if (kept.size >= keptAtMost) kept.clear();
  kept.set(stored, compiled);
  return compiled;
}

/**
 * What is to become of an event of a category; null where the template does not say, which means ignore.
 * @public for the synchronisation
 */
export function matchCategory(
  template: { byCategory: Map<string, Mapping>; fallback: Mapping | null },
  category: string | null,
): Mapping | null {
  const own = category === null ? undefined : template.byCategory.get(category);
  return own ?? template.fallback;
}
