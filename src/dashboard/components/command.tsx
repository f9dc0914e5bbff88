import type { View } from '../view.ts';

/** Within single quotes a shell reads everything as it is, but for the quote itself. */
export const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The first command to type where there is nothing yet: it runs as it stands where `$KEY` holds a key. */
export function Command(props: {
  view: View;
  method: 'POST' | 'PUT';
  path: string;
  /** As JSON; a text is sent as it is. */
  body: Record<string, unknown>;
}) {
  const { view, method, path, body } = props;
  const address = `${view.ctx.config.PUBLIC_URL}${path}`;
  return (
    <>
      <hub-copy>
        <pre tabindex={0}>
          {`curl -X ${method} ${quoted(address)} -H "Authorization: Bearer $KEY" \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(body))}`}
        </pre>
        <button type="button" class="copy" hidden aria-label="Copy the command">
          Copy
        </button>
      </hub-copy>
      <KeyHint view={view} />
    </>
  );
}

/** What a command means by `$KEY`, and where one is had. */
export function KeyHint({ view }: { view: View }) {
  return (
    <p class="hint">
      <code>$KEY</code> stands for a key of this program:{' '}
      {view.can('manage') ? (
        <a href={view.at('keys')}>Keys makes one</a>
      ) : (
        'somebody with the scope “manage” makes one'
      )}
      .
    </p>
  );
}
