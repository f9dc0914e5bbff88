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
    <CopiedCommand
      text={`curl -X ${method} ${quoted(address)} -H "Authorization: Bearer $KEY" \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(body))}`}
    />
  );
}

/** A command to take along as it stands. */
export function CopiedCommand({ text }: { text: string }) {
  return (
    <hub-copy>
      <pre tabindex={0}>{text}</pre>
      <button type="button" class="copy" hidden aria-label="Copy the command">
        Copy
      </button>
    </hub-copy>
  );
}
