import { recordAudit } from '../../features/audit/index.ts';
import type { JobOut } from '../../features/jobs/routes.ts';
import { CsvReader } from '../../platform/csv/reader.ts';
import { commit } from '../../platform/d1.ts';
import { PostForm, Table } from '../components/parts.tsx';
import { formatCount } from '../time.ts';
import type { Page, View } from '../view.ts';

/** One thing wrong in one row. The value is personal data. */
export interface Reject {
  line: string;
  column: string;
  code: string;
  message: string;
  value: string;
}

/** What was read of the report. */
export interface Rejected {
  rejects: Reject[];
  isAll: boolean;
}

const readBytes = 262_144;
const rowsAtMost = 500;

/** The first rejected rows, from the report that people correct; a bounded part of it. */
export async function readRejects(view: View, job: JobOut): Promise<Rejected> {
  const answer = await view.api.ask('GET', `/api/jobs/${encodeURIComponent(job.jobId)}/errors.csv`);
  const rows: string[][] = [];
  const csv = new CsvReader({
    dialect: { encoding: 'utf-8', delimiter: ',', quote: '"' },
    width: null,
    onRow: (cells) => rows.push(cells),
    // A row with other columns than the header: its codes come first all the same, and are in its own cells.
    onFault: () => undefined,
  });
  let read = 0;
  for await (const bytes of answer.body ?? []) {
    csv.push(bytes as Uint8Array);
    read += (bytes as Uint8Array).byteLength;
    if (read >= readBytes || rows.length > rowsAtMost) break;
  }
  const isAll = read < readBytes && rows.length <= rowsAtMost;
  if (isAll) csv.end();
  const [header = [], ...rest] = rows;
  return { rejects: rest.slice(0, rowsAtMost).flatMap((cells) => rejectsOf(header, cells)), isAll };
}

function rejectsOf(header: string[], cells: string[]): Reject[] {
  const [, line = '', codes = '', messages = ''] = cells;
  const named = codes.split(' ');
  return messages.split(' | ').map((text, index) => {
    // A message of a column begins with its name.
    const at = header.findIndex((name, place) => place > 3 && text.startsWith(`${name}: `));
    const column = at < 0 ? '' : (header[at] ?? '');
    return {
      line,
      column,
      code: named[index] ?? named.at(-1) ?? '',
      message: column === '' ? text : text.slice(column.length + 2),
      value: at < 0 ? '' : (cells[at] ?? ''),
    };
  });
}

/** "39 of 42: column gift, not a number": what to mend, before where. */
export function Diagnosis({ rejects, isAll }: Rejected) {
  const groups = new Map<string, Reject[]>();
  for (const one of rejects) {
    const id = JSON.stringify([one.column, one.code]);
    groups.set(id, [...(groups.get(id) ?? []), one]);
  }
  return (
    <Table
      caption={
        isAll ? 'By column and code' : `By column and code, of the first ${formatCount(rejects.length)}`
      }
      rows={[...groups.values()].toSorted((a, b) => b.length - a.length)}
      columns={[
        { head: 'Column', kind: 'name', cell: ([one]) => one?.column || 'the row' },
        { head: 'Errors', kind: 'number', cell: (group) => formatCount(group.length) },
        { head: 'Code', cell: ([one]) => <code>{one?.code}</code> },
        { head: 'What', cell: ([one]) => one?.message },
        {
          head: 'Such as in line',
          cell: (group) =>
            group
              .slice(0, 3)
              .map(({ line }) => line)
              .join(', '),
        },
      ]}
      empty=""
    />
  );
}

export function ShowRejects({ view, job }: { view: View; job: JobOut }) {
  return (
    <PostForm view={view} to={view.at(`jobs/${job.jobId}/errors`)} class="actions">
      <button type="submit">Show the values</button> <span class="dim">The audit log says who looked.</span>
    </PostForm>
  );
}

/** Each rejected row with the value that was wrong: shown on demand, and the showing is on record. */
export async function showRejects(view: View): Promise<Page> {
  const job = await view.api.get<JobOut>(`/api/jobs/${encodeURIComponent(view.params.jobId ?? '')}`);
  const { rejects, isAll } = await readRejects(view, job);
  await commit(view.ctx.db, [
    recordAudit(view.ctx, { programId: view.programId, action: 'errors.shown', target: job.jobId }),
  ]);
  const count = formatCount(rejects.length);
  return {
    title: `What was wrong with ${job.filename}`,
    secret: true,
    verdict: {
      tone: 'attention',
      text: isAll
        ? `${count} errors in ${formatCount(job.rows.rejected)} rejected rows.`
        : `The first ${count} errors; the report has all of ${formatCount(job.rows.rejected)} rows.`,
    },
    body: (
      <>
        <p>
          <a href={view.at(`jobs/${job.jobId}`)}>Back to the job</a>
        </p>
        <Diagnosis rejects={rejects} isAll={isAll} />
        <Table
          caption="Each error, by line"
          rows={rejects}
          columns={[
            { head: 'Line', kind: 'number', cell: ({ line }) => line },
            { head: 'Column', cell: ({ column }) => (column === '' ? '–' : column) },
            { head: 'Value', cell: ({ value }) => (value === '' ? '–' : <code>{value}</code>) },
            { head: 'Code', cell: ({ code }) => <code>{code}</code> },
            { head: 'What', cell: ({ message }) => message },
          ]}
          empty=""
        />
      </>
    ),
  };
}
