import type { Child } from 'hono/jsx';

/** Names and values of one thing. */
export function Facts({ of }: { of: [string, Child][] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
