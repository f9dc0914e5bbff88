import type { EventFateOut } from '../../features/traces/fates/routes.ts';
import { formatCount } from '../time.ts';
import type { Tone } from '../view.ts';
import { State } from './parts.tsx';

/** What became of an event at the program's endpoints, and how that feels. */
export const fateWords: Record<EventFateOut['fate'], { word: string; tone: Tone; says: string }> = {
  delivered: { word: 'delivered', tone: 'ok', says: 'Every endpoint that wanted it has it.' },
  waiting: {
    word: 'waiting',
    tone: 'attention',
    says: 'It has not arrived everywhere; the attempts go on by themselves.',
  },
  failed: {
    word: 'failed',
    tone: 'bad',
    says: 'A delivery gave up or was cancelled: nothing more happens by itself.',
  },
  filtered: {
    word: 'filtered',
    tone: 'quiet',
    says: 'Endpoints listen to events, but to none of its category.',
  },
  nobody: { word: 'nobody', tone: 'quiet', says: 'No endpoint listened to events when it came.' },
  deleted: { word: 'deleted', tone: 'quiet', says: 'Its publisher deleted it.' },
};

export function EventFate({ of }: { of: EventFateOut | undefined }) {
  if (of === undefined) return <span class="none">–</span>;
  const { word, tone } = fateWords[of.fate];
  const deliveries = Object.values(of.states).reduce((sum, n) => sum + n, 0);
  const imported = of.subscribers.filter(({ decision }) => decision === 'imported').length;
  const more = [
    deliveries > 1 ? `${formatCount(deliveries)} deliveries` : '',
    imported > 0 ? `${formatCount(imported)} ${imported === 1 ? 'subscriber' : 'subscribers'}` : '',
  ].filter((part) => part !== '');
  return (
    <>
      <State word={word} tone={tone} />
      {more.length === 0 ? null : <small class="dim"> {more.join(', ')}</small>}
    </>
  );
}
