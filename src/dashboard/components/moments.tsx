import { formatDuration, formatRelative } from '../time.ts';
import type { View } from '../view.ts';
import { Time } from './parts.tsx';

/** The hub's own sentences: a moment in them is printed as every other, in the page's zone. */
export function Said({ view, text }: { view: View; text: string }) {
  const parts = text.split(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/);
  return <>{parts.map((part, index) => (index % 2 === 1 ? <Time view={view} at={part} /> : part))}</>;
}

/** A moment, and beside it how long ago or ahead. */
export function TimeAndAgo({ view, at }: { view: View; at: string }) {
  return (
    <>
      <Time view={view} at={at} />{' '}
      <small class="dim">({formatRelative(Date.parse(at), view.ctx.now())})</small>
    </>
  );
}

export function Took({ from, to }: { from: string | null; to: string | null }) {
  if (from === null || to === null) return <span class="none">–</span>;
  return <>{formatDuration(Date.parse(to) - Date.parse(from), true)}</>;
}
