import type { ActivityOut } from '../../features/activity/routes.ts';
import type { StandingOut } from '../../features/deliveries/standings/routes.ts';
import { formatCount, formatMoment } from '../time.ts';
import type { View } from '../view.ts';

type Kind = ActivityOut['items'][number]['kind'];

/** One bar: what ended in an hour. */
export interface Hour {
  atMs: number;
  ok: number;
  failed: number;
  other: number;
}

const hourMs = 3_600_000;

function emptyHours(nowMs: number, hours: number): Map<number, Hour> {
  const last = Math.floor(nowMs / hourMs) * hourMs;
  return new Map(
    Array.from({ length: hours }, (_, i) => {
      const atMs = last - (hours - 1 - i) * hourMs;
      return [atMs, { atMs, ok: 0, failed: 0, other: 0 }];
    }),
  );
}

/** The last 24 hours of an endpoint, the oldest first. */
export function hoursOfEndpoint(of: StandingOut['hours'], nowMs: number): Hour[] {
  const byHour = emptyHours(nowMs, 24);
  for (const { startsAt, delivered, failed, other } of of) {
    const atMs = Date.parse(startsAt);
    if (byHour.has(atMs)) byHour.set(atMs, { atMs, ok: delivered, failed, other });
  }
  return [...byHour.values()];
}

/** The last so many hours of a kind, the oldest first, each there even where nothing happened. */
export function hoursOf(activity: ActivityOut, kinds: Kind[], nowMs: number, hours: number): Hour[] {
  const byHour = emptyHours(nowMs, hours);
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

/** A strip within a row of a list, in few elements: what was delivered above the line, all else below it. */
export function RowStrip({ label, bars }: { label: string; bars: Hour[] }) {
  const lost = ({ failed, other }: Hour) => failed + other;
  if (sumOf(bars, 'ok') + bars.reduce((sum, bar) => sum + lost(bar), 0) === 0)
    return <small class="dim">nothing ended</small>;
  const height = 12;
  const most = Math.max(...bars.flatMap((bar) => [bar.ok, lost(bar)]));
  const tall = (count: number) => Math.max(2, Math.round((count / most) * height));
  const path = (count: (bar: Hour) => number, sign: 1 | -1) =>
    bars
      .map((bar, index) =>
        count(bar) === 0
          ? ''
          : `M${index * 4} ${height + sign}v${sign * tall(count(bar))}h3V${height + sign}z`,
      )
      .join('');
  const [up, down] = [path(({ ok }) => ok, -1), path(lost, 1)];
  const parts = [
    `${formatCount(sumOf(bars, 'ok'))} delivered`,
    ...(['failed', 'other'] as const)
      .filter((of) => sumOf(bars, of) > 0)
      .map((of) => `${formatCount(sumOf(bars, of))} ${of === 'failed' ? 'failed' : 'cancelled'}`),
  ];
  return (
    <>
      <svg
        class="row-strip"
        role="img"
        viewBox={`0 0 ${bars.length * 4} ${height * 2 + 2}`}
        preserveAspectRatio="none"
        aria-label={`${label}: by the hour, the last ${bars.length} hours`}
      >
        {up === '' ? null : <path class="bar-ok" d={up} />}
        {down === '' ? null : <path class="bar-lost" d={down} />}
        <path class="axis" d={`M0 ${height}h${bars.length * 4}`} />
      </svg>
      <small>{parts.join(', ')}</small>
    </>
  );
}
