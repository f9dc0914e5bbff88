import type { FilePage } from '../../features/files/routes.ts';
import { Filters, Pager, Table, Time } from '../components/parts.tsx';
import { formatBytes } from '../time.ts';
import type { Page, View } from '../view.ts';

/** The drop folder as it stands. */
export async function filesPage(view: View): Promise<Page> {
  const query = new URLSearchParams();
  for (const name of ['prefix', 'cursor']) {
    const value = view.query.get(name);
    if (value) query.set(name, value);
  }
  const base = `/api/programs/${encodeURIComponent(view.programId)}`;
  const files = await view.api.get<FilePage>(`${base}/files?${query}`);
  const latest = files.items.toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt))[0];
  return {
    title: 'Files',
    every: 15,
    verdict:
      latest === undefined
        ? { tone: 'quiet', text: 'No file has arrived yet.' }
        : {
            tone: 'ok',
            text: (
              <>
                Latest of those shown: {latest.filename}, <Time view={view} at={latest.updatedAt} />.
              </>
            ),
          },
    body: (
      <>
        <Filters view={view}>
          <label>
            Folder and name begin with{' '}
            <input name="prefix" value={view.query.get('prefix') ?? ''} autocomplete="off" />
          </label>
        </Filters>
        <Table
          caption="Files by folder and name"
          rows={files.items}
          columns={[
            {
              head: 'File',
              kind: 'name',
              cell: (file) => (
                <a
                  href={view.at(
                    `files/${encodeURIComponent(file.folder)}/${encodeURIComponent(file.filename)}`,
                  )}
                >
                  {file.folder}/{file.filename}
                </a>
              ),
            },
            { head: 'Size', kind: 'number', cell: (file) => formatBytes(file.sizeBytes) },
            { head: 'Arrived', cell: (file) => <Time view={view} at={file.updatedAt} /> },
            { head: 'By', cell: (file) => file.source },
            { head: 'ETag', cell: (file) => <code>{file.etag.slice(0, 12)}</code> },
          ]}
          empty={
            <>
              <p>Drop one from any machine:</p>
              <pre tabindex={0}>
                {`curl -T warehouse.csv -H "Authorization: Bearer $KEY" \\\n  ${view.ctx.config.PUBLIC_URL}${base}/files/warehouse/warehouse.csv`}
              </pre>
            </>
          }
        />
        <Pager view={view} next={files.nextCursor} />
      </>
    ),
  };
}
