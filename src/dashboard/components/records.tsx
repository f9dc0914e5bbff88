import type { RecordPage } from '../../features/records/routes.ts';
import { formatCount } from '../time.ts';
import type { View } from '../view.ts';
import { Table, Time } from './parts.tsx';

/** Records of the dataset that the page is of, without their values. */
export function RecordsTable(props: {
  view: View;
  caption: string;
  rows: RecordPage['items'];
  empty: string;
}) {
  const { view, caption, rows, empty } = props;
  const record = view.at(`datasets/${encodeURIComponent(view.params.dataset ?? '')}/record`);
  return (
    <Table
      caption={caption}
      rows={rows}
      columns={[
        {
          head: 'Key',
          kind: 'name',
          cell: ({ key }) => <a href={`${record}?key=${encodeURIComponent(key)}`}>{key}</a>,
        },
        { head: 'Version', kind: 'number', cell: ({ version }) => formatCount(version) },
        { head: 'Changed', cell: ({ changedAt }) => <Time view={view} at={changedAt} /> },
        { head: 'By', cell: ({ jobId }) => <a href={view.at(`jobs/${jobId}`)}>{jobId}</a> },
      ]}
      empty={<p>{empty}</p>}
    />
  );
}
