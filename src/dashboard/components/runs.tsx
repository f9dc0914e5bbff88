import type { JobOut } from '../../features/jobs/routes.ts';
import { jobTones } from '../states.ts';
import { formatCount } from '../time.ts';

/** The latest runs of a task, the oldest first: a file that has shrunk is seen by its height. */
export function RunStrip({ jobs }: { jobs: JobOut[] }) {
  if (jobs.length < 2) return null;
  const runs = jobs.toReversed();
  const most = Math.max(1, ...runs.map(({ rows }) => rows.read));
  const height = 40;
  const [latest] = jobs;
  const before = runs.slice(0, -1).map(({ rows }) => rows.read);
  const usual = before.toSorted((a, b) => a - b)[Math.floor(before.length / 2)] ?? 0;
  const rows = latest?.rows.read ?? 0;
  // A few runs are not drawn as wide as a page.
  const width = Math.max(runs.length, 12) * 10;
  const finding = `${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'} in the latest of ${runs.length} runs, ${formatCount(usual)} usually`;
  return (
    <figure class="strip-chart runs">
      <figcaption>
        <strong>Rows</strong> {finding}
      </figcaption>
      <svg role="img" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-label={finding}>
        <title>{finding}</title>
        {runs.map((job, index) => {
          const tall = Math.max(2, (job.rows.read / most) * height);
          return (
            <rect
              class={`run tone-${jobTones[job.status] ?? 'quiet'}`}
              x={index * 10 + 1}
              y={height - tall}
              width={8}
              height={tall}
            />
          );
        })}
        <line class="axis" x1="0" x2={width} y1={height} y2={height} />
      </svg>
    </figure>
  );
}
