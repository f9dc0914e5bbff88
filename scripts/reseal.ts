// Seals every stored secret under the first key of SEAL_KEYS, a bounded part per call, until none is left.
const [url, key = process.env.SYSTEM_KEY] = process.argv.slice(2);
if (!url || !key) {
  console.error('Usage: SYSTEM_KEY=… npm run reseal -- https://hub.example');
  process.exit(2);
}

let total = 0;
for (;;) {
  const response = await fetch(`${url.replace(/\/+$/, '')}/api/system/reseal`, {
    method: 'POST',
    headers: { 'x-api-key': key },
  });
  const body = await response.json();
  if (!response.ok) {
    console.error(`The hub refused: ${body.detail ?? response.status}`);
    process.exit(1);
  }
  total += body.resealed;
  console.log(`${total} secrets sealed under ${body.keyId}`);
  if (!body.remaining) break;
}
