import { recordAudit } from '../../features/audit/index.ts';
import { commit } from '../../platform/d1.ts';
import { ApiProblem } from '../api.ts';
import { assets } from '../assets.gen.ts';
import { Confirm, PostForm } from '../components/parts.tsx';
import {
  baseOf,
  type Draft,
  newProof,
  pack,
  readDraft,
  readSaved,
  type Saved,
  type Tried,
  toMapping,
  tryDraft,
  withDraft,
} from '../template/draft.ts';
import { Categories, HelperReference, Problems, Results } from '../template/parts.tsx';
import { formatCount } from '../time.ts';
import type { Outcome, Page, View } from '../view.ts';

/** The template of a subscription, one category at a time. Whole without a script: the text area is the truth. */
export async function templatePage(view: View): Promise<Page> {
  const saved = await readSaved(view);
  const draft = await readDraft(view, saved);
  // What was refused is not tried again: its problems are shown. A page just opened shows what is saved.
  const isSent = view.form.category !== undefined;
  const refused = view.problem;
  const tried: Tried | null =
    refused !== null && refused.status === 400
      ? { ok: false, problem: refused }
      : view.can('templates')
        ? await tryDraft(view, saved, isSent || draft.isNew ? null : draft)
        : null;
  if (refused !== null) view.problem = { ...refused, errors: [] };
  return render(view, saved, draft, tried);
}

/** Tries the form without saving it; with "Show the values", the audit log says who looked. */
export async function tryTemplate(view: View): Promise<Outcome> {
  const saved = await readSaved(view);
  if (view.form.reveal?.[0] === '1') {
    await commit(view.ctx.db, [
      recordAudit(view.ctx, {
        programId: view.programId,
        action: 'events.shown',
        target: saved.publisherId,
        detail: { in: 'template preview' },
      }),
    ]);
    view.form.shown = [await newProof(view, saved)];
  }
  const draft = await readDraft(view, saved);
  return render(view, saved, draft, await tryDraft(view, saved, draft));
}

/** Saves the form's category, if it still is as the form was made from; others' changes beside it stay. */
export async function saveTemplate(view: View): Promise<Outcome> {
  return change(view, (saved, draft) => withDraft(saved, draft), 'saved');
}

export async function removeCategory(view: View): Promise<Outcome> {
  return change(
    view,
    (saved, { category }) =>
      pack(saved, Object.fromEntries(Object.entries(saved.categories).filter(([name]) => name !== category))),
    'deleted',
  );
}

const triesAtMost = 3;

async function change(
  view: View,
  make: (saved: Saved, draft: Draft) => unknown,
  done: string,
): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    const saved = await readSaved(view);
    const draft = await readDraft(view, saved);
    if (draft.category === '') throw refusal(400, 'invalid_input', 'Name the category.');
    if (view.form.base?.[0] !== (await baseOf(saved, draft.category)))
      throw refusal(
        412,
        'precondition_failed',
        'Somebody else has saved this category since you opened it. Both texts are below: put together what is right, and save again.',
      );
    try {
      await view.api.ask(
        'PATCH',
        saved.path,
        { LbApiPayloadTemplate: make(saved, draft) },
        {
          'if-match': saved.etag,
        },
      );
      const category = done === 'deleted' ? '' : `?category=${encodeURIComponent(draft.category)}`;
      return { to: `${pageOf(view)}${category}`, done };
    } catch (error) {
      // Another category was saved in this moment: this one is put beside it.
      const isRace = error instanceof ApiProblem && error.problem.status === 412;
      if (!isRace || tries >= triesAtMost) throw error;
    }
  }
}

function refusal(status: number, code: string, detail: string): ApiProblem {
  return new ApiProblem({ status, title: detail, detail, code, requestId: '' });
}

const pageOf = (view: View) =>
  view.at(`subscriptions/${encodeURIComponent(view.params.publisherId ?? '')}/template`);

function render(view: View, saved: Saved, draft: Draft, tried: Tried | null): Page {
  const compared = tried?.ok ? tried.preview.difference : null;
  const unmapped = (compared?.categories ?? []).filter(({ matched }) => matched === null);
  const lost = unmapped.reduce((sum, { events }) => sum + events, 0);
  const isRefused = tried !== null && !tried.ok;
  return {
    title: draft.isNew ? 'A new category' : draft.category,
    secret: tried?.ok === true && tried.shown !== '',
    verdict: {
      tone: isRefused ? 'bad' : lost > 0 ? 'attention' : 'ok',
      text: isRefused
        ? 'This template cannot be right as it stands: nothing of it is saved.'
        : compared === null
          ? `How events of ${saved.publisherId} become rows.`
          : compared.events === 0
            ? `${saved.publisherId} has published no event yet: paste one to try the template.`
            : lost === 0
              ? `Each of the latest ${formatCount(compared.events)} events of ${saved.publisherId} is mapped.`
              : `${formatCount(lost)} of the latest ${formatCount(compared.events)} events of ${saved.publisherId} fall under no category of this template, and are ignored.`,
    },
    ...(view.problem === null ? {} : { status: view.problem.status as 400 }),
    body: (
      <div class="workshop">
        <Categories
          view={view}
          page={pageOf(view)}
          saved={saved}
          current={draft}
          seen={compared?.categories ?? []}
        />
        <div class="bench">
          {view.problem?.status === 412 ? <Theirs saved={saved} draft={draft} /> : null}
          <Form view={view} saved={saved} draft={draft} tried={tried} />
          <p>
            <a href={`${pageOf(view)}/versions`}>Its versions: who saved what, and the way back</a>
          </p>
          <HelperReference members={tried?.ok ? membersOf(tried, draft) : []} />
          {draft.isNew || !view.can('templates') ? null : (
            <Confirm
              view={view}
              to={`${pageOf(view)}/remove`}
              label="Remove the category…"
              effect="Its events will fall under “_default” where there is one, else they are ignored. The rows that were sent stay sent."
              button="Remove it"
              danger
            >
              <input type="hidden" name="category" value={draft.category} />
              <input type="hidden" name="base" value={draft.base} />
            </Confirm>
          )}
        </div>
      </div>
    ),
  };
}

function membersOf(tried: Tried & { ok: true }, draft: Draft): string[] {
  const { events } = tried.preview;
  return (events.find(({ eventId }) => eventId === draft.eventId) ?? events.at(-1))?.members ?? [];
}

/** The same category as it is saved now, beside what one's own form holds. */
function Theirs({ saved, draft }: { saved: Saved; draft: Draft }) {
  const theirs = draft.isNew ? null : toMapping(saved.categories[draft.category]);
  return (
    <section class="theirs" aria-label="As it is saved now">
      <h2>As it is saved now</h2>
      {theirs === null ? (
        <p>The category has been removed.</p>
      ) : (
        <>
          <p class="dim">
            {theirs.action}, process {theirs.importProcessId === '' ? '–' : theirs.importProcessId}, mode{' '}
            {theirs.mode}
          </p>
          <pre class="excerpt">{theirs.row}</pre>
        </>
      )}
    </section>
  );
}

function Form(props: { view: View; saved: Saved; draft: Draft; tried: Tried | null }) {
  const { view, saved, draft, tried } = props;
  const { mapping } = draft;
  const mayEdit = view.can('templates');
  const page = pageOf(view);
  const choose = (name: string, label: string, value: string, options: [string, string][]) => (
    <div class="field">
      <label for={name}>{label}</label>
      <select id={name} name={name} disabled={!mayEdit}>
        {options.map(([one, text]) => (
          <option value={one} selected={one === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
  const text = (name: string, label: string, value: string, required = false) => (
    <div class="field">
      <label for={name}>{label}</label>
      <input id={name} name={name} value={value} required={required} readonly={!mayEdit} autocomplete="off" />
    </div>
  );
  return (
    <PostForm view={view} to={page} class="template">
      <input type="hidden" name="base" value={draft.base} />
      {tried?.ok && tried.shown !== '' ? <input type="hidden" name="shown" value={tried.shown} /> : null}
      <div class="members">
        {draft.isNew ? (
          text('category', 'Category', draft.category, true)
        ) : (
          <input type="hidden" name="category" value={draft.category} />
        )}
        {choose('action', 'Its events are', mapping.action, [
          ['import', 'imported'],
          ['ignore', 'ignored'],
        ])}
        {text('importProcessId', 'Import process', mapping.importProcessId)}
        {choose('mode', 'Values as', mapping.mode, [
          ['json', 'JSON'],
          ['html', 'HTML text'],
          ['none', 'they are'],
        ])}
        {text('label', 'Label', mapping.label)}
      </div>
      <label for="row" class="row-label">
        Template of a row
      </label>
      <hub-editor data-src={assets.editor} data-preview={mayEdit ? `${page}/preview` : undefined}>
        {/* A parser drops the first line end of a text area. */}
        <textarea id="row" name="row" rows={16} spellcheck={false} readonly={!mayEdit} autocomplete="off">
          {`\n${mapping.row}`}
        </textarea>
      </hub-editor>
      <Problems tried={tried} hasFocus={view.problem !== null} />
      {mayEdit ? (
        <>
          <div class="actions">
            <button type="submit" class="primary">
              Save
            </button>
            <button type="submit" formaction={`${page}/preview`}>
              Preview
            </button>
          </div>
          <Results saved={saved} draft={draft} tried={tried} page={page} view={view} />
        </>
      ) : (
        <p class="dim">A key with the scope “templates” can change it and see previews.</p>
      )}
    </PostForm>
  );
}
