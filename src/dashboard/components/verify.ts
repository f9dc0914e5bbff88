/** How a receiver checks a call, in the languages that most of them are written in: Standard Webhooks 1.0.0. */
export const verifySnippets: { language: string; code: string }[] = [
  {
    language: 'JavaScript',
    code: `import { Webhook } from 'standardwebhooks';

// body: the text of the request as it came, before any parsing
const message = new Webhook(process.env.WEBHOOK_SECRET).verify(body, request.headers);`,
  },
  {
    language: 'Python',
    code: `from standardwebhooks.webhooks import Webhook

# body: the bytes of the request as they came, before any parsing
message = Webhook(os.environ["WEBHOOK_SECRET"]).verify(body, request.headers)`,
  },
  {
    language: 'C#',
    code: `using StandardWebhooks;

// body: the text of the request as it came, before any parsing
new StandardWebhook(secret).Verify(body, request.Headers);`,
  },
  {
    language: 'A shell',
    code: `# id, timestamp and signature from the headers, body.json as it came; WEBHOOK_SECRET is whsec_…
key=$(printf '%s' "\${WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -tx1 | tr -d ' \\n')
{ printf '%s.%s.' "$id" "$timestamp"; cat body.json; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64
# equals one of the signatures after "v1,"; and the timestamp is of the last five minutes`,
  },
];

/** Within single quotes a shell reads everything as it is, but for the quote itself. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The headers and body of one call, as each language writes them: put before its snippet they verify it. */
export function filledSnippets(
  headers: Record<string, string>,
  body: string,
): { language: string; code: string }[] {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const given = Object.fromEntries(names.map((name) => [name, headers[name] ?? '']));
  const json = JSON.stringify(given, null, 2);
  const text = JSON.stringify(body);
  const begins: Record<string, string> = {
    JavaScript: `const request = { headers: ${json} };\nconst body = ${text};\n`,
    Python: `import os\nfrom types import SimpleNamespace\n\nrequest = SimpleNamespace(headers=${json})\nbody = ${text}\n`,
    'C#': `var headers = new System.Net.WebHeaderCollection {\n${names
      .map((name) => `  { "${name}", "${given[name]}" },`)
      .join('\n')}\n};\nvar body = ${text};\n`,
    'A shell': `id=${quoted(given['webhook-id'] ?? '')}; timestamp=${quoted(given['webhook-timestamp'] ?? '')}; signature=${quoted(given['webhook-signature'] ?? '')}\nprintf '%s' ${quoted(body)} > body.json\n`,
  };
  return verifySnippets.map(({ language, code }) => ({
    language,
    code: `${begins[language] ?? ''}${code.replace('request.Headers', 'headers')}`,
  }));
}
