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
