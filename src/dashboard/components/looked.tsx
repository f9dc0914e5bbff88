import type { View } from '../view.ts';
import { Time } from './parts.tsx';

/** How far a filter that has no index has looked: further back is one press more. */
export function LookedTo(props: { view: View; of: { lookedBackTo: string | null }; what: string }) {
  const { view, of, what } = props;
  if (of.lookedBackTo === null) return null;
  return (
    <p>
      The {view.query.has('cursor') ? 'next 20,000' : 'latest 2,000'} {what} were looked at, back to{' '}
      <Time view={view} at={of.lookedBackTo} />. “Older” looks further.
    </p>
  );
}
