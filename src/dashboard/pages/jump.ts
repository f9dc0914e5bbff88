import { findProgram } from '../../features/programs/index.ts';
import type { Page, View } from '../view.ts';

/** From any id that somebody pasted to its page. What cannot be told from its form is looked for as a trace. */
export async function jumpTo(view: View): Promise<Page | { to: string }> {
  const asked = (view.query.get('q') ?? '').trim();
  const own = view.actor.kind === 'program' ? view.actor.programId : (view.query.get('in') ?? '');
  const program = own === '' ? null : await findProgram(view.ctx, own);
  if (program === null) return view.actor.kind === 'system' ? { to: '/hub' } : { to: '/' };
  const at = (path: string) => ({ to: `/p/${encodeURIComponent(program.programId)}/${path}` });
  const id = encodeURIComponent(asked);
  if (asked.startsWith('job_')) return at(`jobs/${id}`);
  if (asked.startsWith('dlv_')) return at(`deliveries/${id}`);
  if (asked.startsWith('tra_')) return at(`deliveries?traceId=${id}`);
  if (asked.startsWith('key_')) return at('keys');
  if (asked === '') return at('overview');
  return at(`files?prefix=${id}`);
}
