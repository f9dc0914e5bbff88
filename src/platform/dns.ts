const resolveTimeoutMs = 5_000;

/** NOERROR and NXDOMAIN (RFC 1035, 4.1.1): whatever else a resolver says, it does not know. */
const knows = new Set([0, 3]);

interface DnsAnswer {
  Status: number;
  Answer?: { type: number; data: string }[];
}

/**
 * Asks a DNS-over-HTTPS resolver, in JSON, for a name's A and AAAA records. Throws where it does not know
 * either of them: what is not known may be private.
 */
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
        const body: DnsAnswer = await response.json();
        if (!knows.has(body.Status)) throw new Error(`The resolver answered with DNS status ${body.Status}.`);
        return (body.Answer ?? []).filter((answer) => answer.type === 1 || answer.type === 28);
      }),
    );
    return answers.flat().map((answer) => answer.data);
  };
}
