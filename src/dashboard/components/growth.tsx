import type { JobOut } from '../../features/jobs/routes.ts';
import type { DatasetOut } from '../../features/records/routes.ts';
import { formatCount } from '../time.ts';

/** How many records a dataset had after each of its latest jobs, the oldest first: counted back from now. */
export function sizesAfter(
  recordCount: number,
  jobs: Pick<JobOut, 'status' | 'dryRun' | 'rows'>[],
): number[] {
  const sizes: number[] = [];
  let size = recordCount;
  for (const { status, dryRun, rows } of jobs) {
    if (status !== 'succeeded' || dryRun) continue;
    sizes.unshift(size);
    size -= rows.inserted - rows.deleted;
  }
  return sizes;
}

export function GrowthStrip({ dataset, jobs }: { dataset: DatasetOut; jobs: JobOut[] }) {
  const sizes = sizesAfter(dataset.recordCount, jobs);
  const [first] = sizes;
  if (first === undefined || sizes.length < 2) return null;
  const most = Math.max(1, ...sizes);
  const height = 40;
  const width = Math.max(sizes.length, 12) * 10;
  const finding = `${formatCount(dataset.recordCount)} now, ${formatCount(first)} ${sizes.length - 1} jobs before`;
  return (
    <figure class="strip-chart runs">
      <figcaption>
        <strong>Records</strong> {finding}
      </figcaption>
      <svg role="img" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-label={finding}>
        <title>{finding}</title>
        {sizes.map((size, index) => {
          const tall = Math.max(2, (size / most) * height);
          return <rect class="run tone-ok" x={index * 10 + 1} y={height - tall} width={8} height={tall} />;
        })}
        <line class="axis" x1="0" x2={width} y1={height} y2={height} />
      </svg>
    </figure>
  );
}
