import type { ActivityOut } from '../../features/activity/routes.ts';
import { formatCount, formatMoment } from '../time.ts';
import type { View } from '../view.ts';

type Kind = ActivityOut['items'][number]['kind'];

/** One bar: what ended in an hour. */
interface Hour {
  atMs: number;
  ok: number;
  failed: number;
  other: number;
}

const hourMs = 3_600_000;

/** The last so many hours of a kind, the oldest first, each there even where nothing happened. */
export function hoursOf(activity: ActivityOut, kinds: Kind[], nowMs: number, hours: number): Hour[] {
  const byHour = new Map<number, Hour>();
  const last = Math.floor(nowMs / hourMs) * hourMs;
  for (let i = hours - 1; i >= 0; i--) {
    const atMs = last - i * hourMs;
    byHour.set(atMs, { atMs, ok: 0, failed: 0, other: 0 });
  }
  for (const { day, kind, hours: counted } of activity.items) {
    if (!kinds.includes(kind)) continue;
    for (const { hour, ok, failed, other } of counted) {
      const bar = byHour.get(Date.parse(`${day}T00:00:00Z`) + hour * hourMs);
      if (bar === undefined) continue;
      bar.ok += ok;
      bar.failed += failed;
      bar.other += other;
    }
  }
  return [...byHour.values()];
}

const sumOf = (bars: Hour[], of: 'ok' | 'failed' | 'other') => bars.reduce((sum, bar) => sum + bar[of], 0);

/** "1,682 arrived, 30 failed in the last 24 hours." */
export function findingOf(bars: Hour[], verb: string): string {
  const [ok, failed, other] = [sumOf(bars, 'ok'), sumOf(bars, 'failed'), sumOf(bars, 'other')];
  if (ok + failed + other === 0) return `None in the last ${bars.length} hours`;
  const parts = [
    `${formatCount(ok)} ${verb}`,
    failed > 0 ? `${formatCount(failed)} failed` : '',
    other > 0 ? `${formatCount(other)} ended otherwise` : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')} in the last ${bars.length} hours`;
}

/**
 * Bars by the hour, drawn by the server: what failed is on top and hatched, so that no colour is needed.
 * The title states the finding; the figures are in a table behind it.
 */
export function HourStrip(props: { view: View; label: string; verb: string; bars: Hour[]; href?: string }) {
  const { view, label, verb, bars } = props;
  const most = Math.max(1, ...bars.map(({ ok, failed, other }) => ok + failed + other));
  const finding = findingOf(bars, verb);
  const id = `hatch-${label.toLowerCase().replace(/[^a-z]+/g, '-')}`;
  const width = 10;
  const height = 40;
  const scale = (count: number) => (count === 0 ? 0 : Math.max(1.5, (count / most) * height));
  return (
    <figure class="strip-chart">
      <figcaption>
        {props.href === undefined ? <strong>{label}</strong> : <a href={props.href}>{label}</a>} {finding}
      </figcaption>
      <svg
        role="img"
        viewBox={`0 0 ${bars.length * width} ${height}`}
        preserveAspectRatio="none"
        aria-label={`${label}: ${finding}`}
      >
        <title>{`${label}: ${finding}`}</title>
        <defs>
          <pattern id={id} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch-ground" width="4" height="4" />
            <rect class="hatch-line" width="2" height="4" />
          </pattern>
        </defs>
        {bars.map((bar, index) => {
          const ok = scale(bar.ok);
          const other = scale(bar.other);
          const failed = scale(bar.failed);
          return (
            <>
              {ok === 0 ? null : (
                <rect class="bar-ok" x={index * width + 1} y={height - ok} width={width - 2} height={ok} />
              )}
              {other === 0 ? null : (
                <rect
                  class="bar-other"
                  x={index * width + 1}
                  y={Math.max(0, height - ok - other)}
                  width={width - 2}
                  height={other}
                />
              )}
              {failed === 0 ? null : (
                <rect
                  fill={`url(#${id})`}
                  x={index * width + 1}
                  y={Math.max(0, height - ok - other - failed)}
                  width={width - 2}
                  height={failed}
                />
              )}
            </>
          );
        })}
        <line class="axis" x1="0" x2={bars.length * width} y1={height} y2={height} />
      </svg>
      {sumOf(bars, 'ok') + sumOf(bars, 'failed') + sumOf(bars, 'other') === 0 ? null : (
        <details>
          <summary>Figures</summary>
          <table>
            <thead>
              <tr>
                <th scope="col">Hour</th>
                <th scope="col" class="number">
                  {verb}
                </th>
                <th scope="col" class="number">
                  failed
                </th>
                <th scope="col" class="number">
                  otherwise
                </th>
              </tr>
            </thead>
            <tbody>
              {bars
                .filter(({ ok, failed, other }) => ok + failed + other > 0)
                .map((bar) => (
                  <tr>
                    <th scope="row">
                      <time datetime={new Date(bar.atMs).toISOString()}>
                        {formatMoment(bar.atMs, view.zone.name)}
                      </time>
                    </th>
                    <td class="number">{formatCount(bar.ok)}</td>
                    <td class="number">{formatCount(bar.failed)}</td>
                    <td class="number">{formatCount(bar.other)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </details>
      )}
    </figure>
  );
}
