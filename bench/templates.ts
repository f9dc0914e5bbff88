/**
 * Rendering beside `Handlebars.compile`, which generates code and so cannot run on the platform: four templates in
 * one process, mode `html`, so that both must give the same text; CPU time, since other processes share the
 * machine; the two take turns, and the median of the paired rounds' ratios counts. Bounds are on. Mode `json` has
 * no peer and is printed beside it; so is what the costliest of the hostile templates take. `node bench/templates.ts [rounds]`
 */
import { availableParallelism, cpus } from 'node:os';
import Handlebars from 'handlebars';
import {
  compileTemplate,
  RenderError,
  TemplateError,
  type TemplateMode,
} from '../src/platform/handlebars/index.ts';
import { findHelper } from '../src/platform/handlebars/library/index.ts';
import { renderLimits } from '../src/platform/handlebars/limits.ts';
import { Run } from '../src/platform/handlebars/scope.ts';
import { type Hostile, hostile } from '../test/platform/handlebars/hostile.ts';

interface Workload {
  name: string;
  /** One template, or several that are rendered in turn. */
  sources: readonly string[];
  data: Record<string, unknown>;
}

const fieldNames =
  'id,givenName,familyName,email,program,course,credits,grade,started,completed,country,note';

const person = {
  id: 'AI:20481',
  givenName: 'Siobhán',
  familyName: "O'Hara",
  email: 'siobhan.ohara@example.org',
  program: 'Continuing Education',
  course: 'Ethics & Practice for Counselors',
  credits: 12.5,
  grade: 'passed',
  started: '2026-03-01',
  completed: '2026-03-28T16:30:00Z',
  country: 'Ireland',
  note: null,
};

const flat = (names: readonly string[]): string => names.map((name) => `"${name}": "{{${name}}}"`).join(', ');
const names = fieldNames.split(',');

const items = Array.from({ length: 20 }, (_, index) => ({
  ...{
    code: `C-${100 + index}`,
    hours: index % 3 === 0 ? 0 : index,
    passed: index % 2 === 0,
    late: index % 5 === 0,
  },
  tutor: index % 4 === 0 ? null : { name: `Tutor ${index}`, room: `R${index}` },
}));

const loop = `{"person": "{{givenName}} {{familyName}}", "courses": [
{{#each items}}  {"n": "{{@index}}", "code": "{{code}}", "of": "{{../id}}", "at": "{{@root.country}}",
   "state": "{{#if passed}}passed{{else if late}}late{{else}}open{{/if}}",
   {{#unless hours}}"hours": "none",{{/unless}}
   {{#with tutor}}"tutor": "{{name}} ({{room}})"{{else}}"tutor": ""{{/with}} }{{#unless @last}},{{/unless}}
{{/each}}]}`;

const helped = `{"email": "{{lower email}}", "name": "{{upper familyName}}, {{default nick givenName}}",
 "day": "{{formatDate completed "dd.MM.yyyy"}}", "whole": "{{json tags}}",
 "tags": [{{#each tags}}"{{upper (trim this)}}"{{#unless @last}}, {{/unless}}{{/each}}]}`;

const turns = Array.from(
  { length: 64 },
  (_, index) => `{"kind": "K${index}", ${flat([...names.slice(index % 12), ...names.slice(0, index % 12)])}}`,
);

const workloads: readonly Workload[] = [
  { name: 'flat row of 12 fields', sources: [`{${flat(names)}}`], data: person },
  { name: 'each over 20 items with ifs', sources: [loop], data: { ...person, items } },
  {
    name: 'helpers',
    sources: [helped],
    data: { ...person, tags: [' counseling ', 'ethics', ' law & order'] },
  },
  { name: '64 templates in turn', sources: turns, data: person },
];

/** The same functions under the same names, so that only the engines differ. */
function registerHelpers(): void {
  const run = new Run({ ...renderLimits, steps: Number.MAX_SAFE_INTEGER }, 0, {
    position: { line: 1, column: 0 },
    partial: null,
  });
  for (const name of ['lower', 'upper', 'trim', 'default', 'formatDate', 'json']) {
    const helper = findHelper(name);
    if (helper === undefined || 'call' in helper) throw new Error(`no helper ${name}`);
    Handlebars.registerHelper(name, (...args: unknown[]) => helper.apply(args.slice(0, -1), run));
  }
}

type Render = (data: unknown) => string;

const ours = (sources: readonly string[], mode: TemplateMode): Render[] =>
  sources.map((source) => {
    const template = compileTemplate(source, { mode });
    return (data) => template.render(data, { now: 0 });
  });

let sink = 0;

/** CPU time of some renders, in µs for each. The texts are made whole: both build them of pieces. */
function measure(renders: readonly Render[], data: unknown, count: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i += 1) {
    const text = (renders[i % renders.length] as Render)(data);
    sink += text.charCodeAt(text.length >> 1);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const median = (numbers: number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

const rounds = Number(process.argv[2] ?? 80);
/** CPU time of one turn of one engine in a round, in µs. */
const turnMicroseconds = 12_000;

registerHelpers();
console.log(`Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}`);
console.log(`\nTemplates: µs CPU for a render; median of ${rounds} paired rounds; bounds on\n`);
console.log('| template | Handlebars.compile | crosswalk, html | ratio | p25–p75 | crosswalk, json |');
console.log('|---|---:|---:|---:|---:|---:|');
for (const { name, sources, data } of workloads) {
  const peer = sources.map((source) => Handlebars.compile(source) as Render);
  const [html, asJson] = [ours(sources, 'html'), ours(sources, 'json')];
  sources.forEach((_, index) => {
    if (peer[index]?.(data) !== html[index]?.(data)) throw new Error(`${name}: the texts differ`);
  });
  const warm = Math.max(2000, sources.length * 50);
  for (const renders of [peer, html, asJson]) measure(renders, data, warm);
  const count = Math.ceil(turnMicroseconds / measure(peer, data, warm));
  const found = { peer: [] as number[], html: [] as number[], json: [] as number[], ratio: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    // Who begins changes, so that neither always meets the other's garbage.
    const first = round % 2 === 0 ? measure(peer, data, count) : measure(html, data, count);
    const second = round % 2 === 0 ? measure(html, data, count) : measure(peer, data, count);
    const [theirs, own] = round % 2 === 0 ? [first, second] : [second, first];
    found.peer.push(theirs);
    found.html.push(own);
    found.ratio.push(theirs / own);
    found.json.push(measure(asJson, data, count));
  }
  const sorted = [...found.ratio].sort((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? Number.NaN).toFixed(2);
  const cells = [median(found.peer), median(found.html)].map((us) => us.toFixed(2));
  cells.push(`**${at(0.5)}×**`, `${at(0.25)}–${at(0.75)}`, median(found.json).toFixed(2));
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}
const cpuMilliseconds = (work: () => void): number => {
  const before = process.cpuUsage();
  try {
    work();
  } catch (error) {
    if (!(error instanceof TemplateError || error instanceof RenderError)) throw error;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

/** The least of some tries: what it costs itself, without what else ran. */
function worstOf(work: (one: Hostile) => (() => void) | null): { name: string; ms: number }[] {
  const found = hostile.flatMap((one) => {
    const run = work(one);
    return run
      ? [{ name: one.name, ms: Math.min(...Array.from({ length: 5 }, () => cpuMilliseconds(run))) }]
      : [];
  });
  return found.sort((a, b) => b.ms - a.ms).slice(0, 3);
}

const compileHostile = ({ source, mode, partials = {} }: Hostile) =>
  compileTemplate(source, { mode, partials });
const saves = worstOf((one) => () => compileHostile(one));
const renders = worstOf((one) => {
  if (one.save !== undefined || !one.data) return null;
  const [template, data] = [compileHostile(one), one.data()];
  return () => template.render(data, { now: 0 });
});
console.log(`\nThe costliest of ${hostile.length} hostile templates, ms CPU, best of five\n`);
console.log('| at save | ms | in a render | ms |\n|---|---:|---|---:|');
saves.forEach(({ name, ms }, index) => {
  const { name: other = '', ms: otherMs = 0 } = renders[index] ?? {};
  console.log(`| ${name} | ${ms.toFixed(1)} | ${other} | ${otherMs.toFixed(1)} |`);
});

if (Number.isNaN(sink)) throw new Error('nothing was rendered');
