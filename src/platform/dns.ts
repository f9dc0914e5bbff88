const resolveTimeoutMs = 5_000;

/** Asks a DNS-over-HTTPS resolver (RFC 8484's JSON form) for a name's A and AAAA records. */
export function dnsOverHttps(resolverUrl: string): (host: string) => Promise<string[]> {
  return async (host) => {
    const answers = await Promise.all(
      (['A', 'AAAA'] as const).map(async (type) => {
        const url = `${resolverUrl}?name=${encodeURIComponent(host)}&type=${type}`;
        const response = await fetch(url, {
          headers: { accept: 'application/dns-json' },
          redirect: 'manual',
          signal: AbortSignal.timeout(resolveTimeoutMs),
        });
        if (!response.ok) throw new Error(`The resolver answered ${response.status}.`);
        const body: { Answer?: { type: number; data: string }[] } = await response.json();
        return (body.Answer ?? []).filter((answer) => answer.type === 1 || answer.type === 28);
      }),
    );
    return answers.flat().map((answer) => answer.data);
  };
}
