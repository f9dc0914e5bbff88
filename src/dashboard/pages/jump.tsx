import { findProgram } from '../../features/programs/index.ts';
import { programOfAnything } from '../../features/traces/find.system.ts';
import type { FoundOut } from '../../features/traces/routes.ts';
import type { Page, View } from '../view.ts';

/** From any id or name that somebody pasted to its page. */
export async function jumpTo(view: View): Promise<Page | { to: string }> {
  const asked = (view.query.get('q') ?? '').trim().slice(0, 300);
  const program = await programOf(view, asked);
  if (program === null) return view.actor.kind === 'system' ? { to: '/hub' } : { to: '/' };
  const at = (path: string) => `/p/${encodeURIComponent(program)}/${path}`;
  if (asked === '' || asked.toLowerCase() === program.toLowerCase()) return { to: at('overview') };
  const found = await view.api.find<FoundOut>(
    `/api/programs/${encodeURIComponent(program)}/find?q=${encodeURIComponent(asked)}`,
  );
  if (found !== null) return { to: at(placeOf(found)) };
  return {
    title: 'Nothing has this id',
    status: 404,
    verdict: { tone: 'attention', text: `Nothing of ${program} has the id or name “${asked}”.` },
    body: (
      <>
        <p>
          It may be past its retention, or another program’s. The box takes the id of a job, delivery,
          message, trace, event, file, export, night, endpoint, subscription run, flow, request, key or
          problem; a drop key; and the name of a file, task, dataset, monitor, flow or publisher.
        </p>
        <ul>
          <li>
            <a href={at(`files?prefix=${encodeURIComponent(asked)}`)}>Files that begin so</a>
          </li>
          <li>
            <a href={at('deliveries')}>All deliveries</a>
          </li>
        </ul>
      </>
    ),
  };
}

/** The one the page stood in; for the operator elsewhere, whose id it is. */
async function programOf(view: View, asked: string): Promise<string | null> {
  if (view.actor.kind === 'program') return view.actor.programId;
  const named = view.query.get('in') ?? '';
  const owner = (await programOfAnything(view.ctx, asked)) ?? (named === '' ? asked : named);
  return owner === '' ? null : ((await findProgram(view.ctx, owner))?.programId ?? null);
}

function placeOf({ kind, id, part }: FoundOut): string {
  const [one, more] = [encodeURIComponent(id), encodeURIComponent(part ?? '')];
  const places: Record<FoundOut['kind'], string> = {
    job: `jobs/${one}`,
    delivery: `deliveries/${one}`,
    event: `events/${one}`,
    trace: `t/${one}`,
    file: `files?prefix=${encodeURIComponent(`${id}/${part ?? ''}`)}`,
    export: `exports/${one}`,
    night: `exports/${one}/nights/${more}`,
    webhook: `webhooks/${one}`,
    recovery: `webhooks/${one}/recoveries/${more}`,
    subscription: `subscriptions/${one}`,
    flow: `flows/${one}`,
    monitor: 'monitors',
    task: `tasks/${one}`,
    dataset: `datasets/${one}`,
    key: 'keys',
    session: 'keys',
    drop_key: 'drop',
    problem: 'overview',
    act: 'audit',
  };
  return places[kind];
}
