import type { DropOut } from '../../features/drops/routes.ts';
import { Facts } from '../components/facts.tsx';
import { TimeAndAgo } from '../components/moments.tsx';
import { Confirm, Copy, Field, PostForm, Table, Time } from '../components/parts.tsx';
import { field, programApi } from '../components/query.ts';
import { formatBytes, formatRelative } from '../time.ts';
import type { Outcome, Page, View } from '../view.ts';

/** Where and with which keys files are dropped, and when those change. */
export async function dropPage(view: View): Promise<Page> {
  return showDrop(view, await view.api.get<DropOut>(programApi(view, 'drop')));
}

function showDrop(view: View, drop: DropOut): Page {
  const isShown = drop.keys.some(({ secretAccessKey }) => secretAccessKey !== undefined);
  const [current] = drop.keys;
  return {
    title: 'Drop keys',
    secret: isShown,
    verdict: verdictOf(view, drop),
    body: (
      <>
        {view.can('manage') ? (
          <div class="actions">
            {isShown ? null : (
              <PostForm view={view} to={view.at('drop/secrets')}>
                <button type="submit">Show the secrets</button>
              </PostForm>
            )}
            <Confirm
              view={view}
              to={view.at('drop/rotate')}
              label="Rotate now…"
              button="Make a new pair"
              effect="A new pair is there at once; every older one goes on until the overlap is over. Contacts are told."
            >
              <Field
                view={view}
                name="overlapHours"
                label="Overlap in hours"
                type="number"
                value="240"
                required
              />
            </Confirm>
          </div>
        ) : (
          <p class="dim">Somebody with the scope “manage” can see the secrets and rotate the keys.</p>
        )}
        <Table
          caption="Keys that work now, the current one first"
          rows={drop.keys}
          columns={[
            {
              head: 'Access key id',
              kind: 'name',
              cell: (key) => <Copy text={key.accessKeyId} label="the access key id" />,
            },
            ...(isShown
              ? [
                  {
                    head: 'Secret access key',
                    cell: (key: DropOut['keys'][number]) => (
                      <Copy text={key.secretAccessKey ?? ''} label="the secret access key" />
                    ),
                  },
                ]
              : []),
            { head: 'Age', kind: 'number', cell: (key) => `${key.ageDays} d` },
            {
              head: 'Last used',
              cell: (key) =>
                key.lastUsedAt === null ? 'never' : <TimeAndAgo view={view} at={key.lastUsedAt} />,
            },
            {
              head: 'Ends',
              cell: (key) =>
                key.endsAt === null ? 'with the rotation' : <TimeAndAgo view={view} at={key.endsAt} />,
            },
          ]}
          empty={<p>There is none. Rotate now, and a pair is there.</p>}
        />
        <h2>Where to drop</h2>
        <Facts
          of={[
            ['Endpoint', <Copy text={drop.endpoint} label="the endpoint" />],
            ['Bucket', <Copy text={drop.bucket} label="the bucket" />],
            ['Prefix', <Copy text={drop.prefix} label="the prefix" />],
            ['Region', drop.region],
            ['At once', `${formatBytes(drop.maxRequestBytes)}; a larger file in parts`],
            ['Next rotation', <Time view={view} at={drop.nextRotationAt} />],
          ]}
        />
        <p>With the AWS client, for one:</p>
        <pre tabindex={0}>
          {`export AWS_ACCESS_KEY_ID=${current?.accessKeyId ?? '…'} AWS_SECRET_ACCESS_KEY=…
aws s3 cp warehouse.csv s3://${drop.bucket}/${drop.prefix}warehouse/warehouse.csv \\
  --endpoint-url ${drop.endpoint} --region ${drop.region}`}
        </pre>
        {isShown ? <p class="dim">The audit log says who looked at the secrets.</p> : null}
      </>
    ),
  };
}

function verdictOf(view: View, drop: DropOut): Page['verdict'] {
  const now = view.ctx.now();
  const ending = drop.keys.filter(({ endsAt }) => endsAt !== null);
  const used = ending.filter(({ lastUsedAt }) => lastUsedAt !== null);
  const rotation = `The next rotation comes ${formatRelative(Date.parse(drop.nextRotationAt), now)}.`;
  const [first] = used;
  if (first?.endsAt != null)
    return {
      tone: 'attention',
      text: `${first.accessKeyId} ends ${formatRelative(Date.parse(first.endsAt), now)}, and was in use: see that whoever drops with it takes the new pair.`,
    };
  if (drop.keys.length === 0)
    return { tone: 'bad', text: 'No drop key works: nothing can be dropped over S3.' };
  return {
    tone: 'ok',
    text: `${drop.keys.length === 1 ? 'One pair works' : `${drop.keys.length} pairs work`}. ${rotation}`,
  };
}

/** The secrets, on demand: reading them is on record, and no browser keeps the page. */
export async function showSecrets(view: View): Promise<Outcome> {
  return showDrop(view, await view.api.get<DropOut>(programApi(view, 'drop?secrets=true')));
}

export async function rotateDrop(view: View): Promise<Outcome> {
  const overlapHours = Number(field(view, 'overlapHours') ?? '240');
  await view.api.send('POST', programApi(view, 'drop/rotate'), { overlapHours });
  return { to: view.at('drop'), done: 'rotated' };
}
