import type { Child } from 'hono/jsx';
import type { ExportNight, ExportOut } from '../../features/exports/routes.ts';
import { Facts } from '../components/facts.tsx';
import { Confirm, Copy, State, Table, Time } from '../components/parts.tsx';
import { programApi } from '../components/query.ts';
import { formatBytes, formatCount, formatDuration } from '../time.ts';
import { maySee, whoSees } from '../values.ts';
import type { Outcome, Page, Tone, View } from '../view.ts';

const api = (view: View, rest = '') =>
  programApi(
    view,
    `exports/${encodeURIComponent(view.params.exportId ?? '')}/runs/${encodeURIComponent(view.params.localDate ?? '')}${rest}`,
  );

const tones: Record<string, Tone> = { delivered: 'ok', exhausted: 'bad', waiting: 'busy' };

type Evidence = Record<string, unknown>;

const plain = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? formatCount(value) : JSON.stringify(value);

const took = (value: unknown): string => formatDuration(Number(value), true);

/** What the relay reports of a transfer, in the words of a page; what it holds back is told by the file itself. */
const reported: Record<string, (value: unknown) => [string, Child][]> = {
  bytes: () => [],
  sha256: () => [],
  remotePath: (value) => [['Remote path', <Copy text={plain(value)} label="the path" />]],
  durationMs: (value) => [['Transfer took', took(value)]],
  connectMs: (value) => [['Connecting took', took(value)]],
  mode: (value) => [['Written', value === 'rename' ? 'under another name, then renamed' : plain(value)]],
  renamed: (value) => [['Renamed by', plain(value)]],
  synced: (value) => [['Flushed to disk (fsync)', value === true ? 'yes' : 'the server cannot']],
  confirmed: (value) => [['Size confirmed by', plain(value)]],
  authentication: (value) => [['Logged in by', plain(value)]],
  host: (value) => {
    const { address, port, software, keyType, fingerprint } = value as Evidence;
    return [
      ['Host', `${plain(address)}:${String(port)}, ${plain(software)}`],
      ['Host key', <Copy text={`${plain(keyType)} ${plain(fingerprint)}`} label="the host key" />],
    ];
  },
  negotiated: (value) => [
    [
      'Encryption',
      Object.values(value as Evidence)
        .map(plain)
        .join(', '),
    ],
  ],
};

function evidenceOf(evidence: Evidence): [string, Child][] {
  return Object.entries(evidence).flatMap(([name, value]) => {
    const tell = Object.hasOwn(reported, name) ? reported[name] : undefined;
    return tell === undefined || value === null ? [[name, plain(value)] as [string, Child]] : tell(value);
  });
}

/** One night: its files, and the evidence that they arrived whole. */
export async function nightPage(view: View): Promise<Page> {
  const [of, night] = await Promise.all([
    view.api.get<ExportOut>(programApi(view, `exports/${encodeURIComponent(view.params.exportId ?? '')}`)),
    view.api.get<ExportNight>(api(view)),
  ]);
  const isMoving = night.endedAt === null;
  const here = view.at(`exports/${of.exportId}/nights/${night.localDate}`);
  return {
    title: `${of.name}, ${night.localDate}`,
    ...(isMoving ? { every: 2 } : {}),
    verdict: {
      tone: tones[night.status] ?? 'busy',
      text: `${formatCount(night.events)} events in ${night.files.length} ${night.files.length === 1 ? 'file' : 'files'}. ${night.message}`,
    },
    body: (
      <>
        {view.can('exports') && !isMoving && !night.expired ? (
          <div class="actions">
            <Confirm
              view={view}
              to={`${here}/send`}
              label="Send again…"
              button="Send it again"
              effect={`The same bytes go out under the same ${night.files.length === 1 ? 'name' : 'names'}: ${night.files.map(({ name }) => name).join(', ')}. What lies there under that name is replaced.`}
            />
          </div>
        ) : null}
        <Table
          caption="Files of this night"
          rows={night.files}
          columns={[
            {
              head: 'File',
              kind: 'name',
              cell: (file) =>
                night.expired || !maySee(view, 'nights') ? (
                  file.name
                ) : (
                  <a href={`${here}/files/${encodeURIComponent(file.name)}`}>{file.name}</a>
                ),
            },
            {
              head: 'State',
              cell: (file) => <State word={file.status} tone={tones[file.status] ?? 'quiet'} />,
            },
            {
              head: 'Rows',
              kind: 'number',
              cell: (file) => (file.rows === null ? '–' : formatCount(file.rows)),
            },
            { head: 'Size', kind: 'number', cell: (file) => formatBytes(file.sizeBytes) },
            { head: 'Arrived', cell: (file) => <Time view={view} at={file.endedAt} /> },
            {
              head: 'Delivery',
              cell: (file) =>
                file.deliveryId === null ? (
                  '–'
                ) : (
                  <a href={view.at(`deliveries/${file.deliveryId}`)}>its attempts</a>
                ),
            },
          ]}
          empty={<p>No file: there was nothing to send, or it is still being written.</p>}
        />
        {night.files.length === 0 || maySee(view, 'nights') ? null : (
          <p class="dim">{whoSees('nights')} can open a file: it holds the events.</p>
        )}
        {night.files.map((file) => (
          <details open={night.files.length === 1}>
            <summary>Evidence of {file.name}</summary>
            {file.reason === null ? null : <p>{file.reason}</p>}
            <Facts
              of={[
                ['SHA-256', <Copy text={file.sha256} label="the checksum" />],
                ['Bytes', formatCount(file.sizeBytes)],
                ['Event type', file.event],
                ...evidenceOf(file.evidence ?? {}),
              ]}
            />
          </details>
        ))}
        <h2>The night</h2>
        <Facts
          of={[
            ['State', <State word={night.status} tone={tones[night.status] ?? 'busy'} />],
            ['Zone', night.timeZone],
            ['The day ended at', <Time view={view} at={night.endsAt} />],
            ['Begun', <Time view={view} at={night.startedAt} />],
            ['Written', <Time view={view} at={night.writtenAt} />],
            ['Ended', <Time view={view} at={night.endedAt} />],
            ['Sent', night.sends === 1 ? 'once' : `${night.sends} times`],
            ['Files', night.expired ? 'past retention: they are gone from here' : 'kept here'],
            ['Trace', <a href={view.at(`t/${night.traceId}`)}>what this night became</a>],
          ]}
        />
      </>
    ),
  };
}

export async function sendNight(view: View): Promise<Outcome> {
  await view.api.send('POST', api(view, '/send'));
  const { exportId = '', localDate = '' } = view.params;
  return { to: view.at(`exports/${exportId}/nights/${localDate}`), done: 'night-sent' };
}

/** A file as it was sent. */
export function openNightFile(view: View): Promise<Response> {
  return view.api.ask('GET', api(view, `/files/${encodeURIComponent(view.params.name ?? '')}`));
}
