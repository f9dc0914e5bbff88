import { afterEach, describe, expect, it, vi } from 'vitest';
import { isPrivateAddress } from '../../src/platform/addresses.ts';
import {
  checkCallable,
  checkHost,
  checkUrl,
  type OutboundPolicy,
  sendGuarded,
} from '../../src/platform/outbound.ts';

const strict: OutboundPolicy = {
  allowLoopback: false,
  ownHosts: ['hub.school.example'],
  resolve: null,
  now: () => 0,
};
const lenient: OutboundPolicy = { ...strict, allowLoopback: true };

const judge = (url: string, policy = strict) => {
  const judged = checkUrl(url, policy);
  return judged.ok ? 'ok' : judged.code;
};

describe('an address to call', () => {
  it.each([
    'https://school.example/done',
    'https://school.example',
    'https://school.example:443/done',
    'https://school.example:8443/done?a=b#c',
    'https://a.b.c.school.example/%20%00',
    'https://school.example./done',
    'https://xn--schle-mua.example/',
    'https://schüle.example/',
    'https://1password.example/',
    'https://10.example/',
    'https://192.168.1.1.nip.example/',
  ])('may be %s', (url) => {
    expect(judge(url)).toBe('ok');
  });

  it.each([
    'http://school.example/',
    'ftp://school.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,hello',
    'ws://school.example/',
    'blob:https://school.example/1',
  ])('has to be https, not %s', (url) => {
    expect(judge(url)).toBe('url_scheme');
    expect(judge(url, lenient)).toBe('url_scheme');
  });

  it.each([
    ['dotted', 'https://127.0.0.1/'],
    ['a public one too', 'https://93.184.216.34/'],
    ['decimal', 'https://2130706433/'],
    ['octal', 'https://0177.0.0.1/'],
    ['octal with more zeros', 'https://00000177.0.0.1/'],
    ['hexadecimal', 'https://0x7f000001/'],
    ['hexadecimal by parts', 'https://0x7f.0x0.0x0.0x1/'],
    ['short', 'https://127.1/'],
    ['zero', 'https://0/'],
    ['mixed', 'https://0x7f.1/'],
    ['with a trailing dot', 'https://127.0.0.1./'],
    ['in fullwidth digits', 'https://１２７.０.０.１/'],
    ['with ideographic dots', 'https://127。0。0。1/'],
    ['with halfwidth dots', 'https://127｡0｡0｡1/'],
    ['percent-encoded', 'https://%31%32%37.0.0.1/'],
    ['in circled digits', 'https://①②⑦.⓪.⓪.①/'],
    ['of the metadata service', 'https://169.254.169.254/latest/meta-data/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['IPv6 written out', 'https://[0:0:0:0:0:0:0:1]/'],
    ['IPv4 in IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['IPv4 in IPv6, in hexadecimal', 'https://[::ffff:7f00:1]/'],
    ['NAT64', 'https://[64:ff9b::10.0.0.1]/'],
    ['6to4', 'https://[2002:7f00:1::]/'],
    ['public IPv6', 'https://[2606:4700:4700::1111]/'],
  ])('is never an address literal: %s', (_, url) => {
    expect(judge(url)).toBe('url_address_literal');
  });

  it.each([
    'https://localhost/',
    'https://localhost./',
    'https://LOCALHOST/',
    'https://ｌｏｃａｌｈｏｓｔ/',
    'https://a.localhost/',
    'https://router.local/',
    'https://db.internal/',
    'https://metadata.google.internal/',
    'https://nas.lan/',
    'https://pc.home.arpa/',
    'https://1.0.0.127.in-addr.arpa/',
    'https://hidden.onion/',
    'https://intranet/',
    'https://com/',
    'https://com./',
    'https://a.test/',
    'https://a.test../',
  ])('is never private: %s', (url) => {
    expect(judge(url)).not.toBe('ok');
    expect(judge(url)).toMatch(/^url_(private_host|malformed)$/);
  });

  it.each([
    'https://user:secret@school.example/',
    'https://user@school.example/',
    'https://:secret@school.example/',
    'https://@school.example/',
    'https://:@school.example/',
    'https://school.example@127.0.0.1/',
    'https://%40@school.example/',
    'https:user@school.example/',
    'https:@school.example/',
    'HTTPS://a@school.example/',
  ])('carries no credentials: %s', (url) => {
    expect(judge(url)).toBe('url_credentials');
    expect(judge(url, lenient)).toBe('url_credentials');
  });

  it('may have an @ where it is no credential', () => {
    expect(judge('https://school.example/@team?to=a@b.example#@')).toBe('ok');
  });

  it.each([
    ['a tab', 'https://school.example/\tdone'],
    ['a line end', 'https://school.example/\ndone'],
    ['CR and LF', 'https://school.example/\r\nx-injected: 1'],
    ['a NUL', 'https://school.example/\u0000'],
    ['a space before', ' https://school.example/'],
    ['a space after', 'https://school.example/ '],
    ['a no-break space', 'https://school.example/\u00a0'],
    ['a backslash', 'https://school.example\\@127.0.0.1/'],
    ['a tab in the scheme', 'ht\ttps://school.example/'],
    ['no scheme', 'school.example/done'],
    ['no scheme but slashes', '//school.example/done'],
    ['no host', 'https://'],
    ['nothing', ''],
    ['a word', 'webhook'],
    ['a host that ends in a number', 'https://1.2.3.4.5/'],
    ['an open bracket', 'https://[::1/'],
    ['a zone', 'https://[fe80::1%25eth0]/'],
    ['a port that is none', 'https://school.example:99999/'],
    ['a percent-encoded slash in the host', 'https://school.example%2f@evil.example/'],
  ])('is refused with %s', (_, url) => {
    expect(judge(url)).not.toBe('ok');
    expect(judge(url, lenient)).not.toBe('ok');
  });

  it.each([
    'https://school.example:22/',
    'https://school.example:25/',
    'https://school.example:80/',
    'https://school.example:8080/',
    'https://school.example:0/',
  ])('has a port that webhooks have: not %s', (url) => {
    expect(judge(url)).toBe('url_port');
  });

  it.each([
    'https://hub.school.example/api',
    'https://HUB.school.example./',
    'https://x.hub.school.example/',
  ])("is not the hub's own: %s", (url) => {
    expect(judge(url)).toBe('url_own_host');
  });

  it('may be next to the hub', () => {
    expect(judge('https://school.example/')).toBe('ok');
    expect(judge('https://nothub.school.example/')).toBe('ok');
  });

  it('has at most 2,048 characters', () => {
    const base = 'https://school.example/';
    expect(judge(base + 'x'.repeat(2_048 - base.length))).toBe('ok');
    expect(judge(base + 'x'.repeat(2_049 - base.length))).toBe('url_too_long');
  });

  it('may be on loopback in development, and nowhere else that is private', () => {
    for (const url of [
      'http://127.0.0.1:9000/',
      'http://localhost:1/',
      'http://[::1]:80/',
      'https://127.9.9.9/',
    ]) {
      expect(judge(url, lenient)).toBe('ok');
      expect(judge(url)).not.toBe('ok');
    }
    for (const url of [
      'http://10.0.0.1/',
      'http://192.168.1.1/',
      'https://169.254.169.254/',
      'http://school.example/',
    ]) {
      expect(judge(url, lenient)).not.toBe('ok');
    }
  });

  it('is refused in words that say nothing of the address', () => {
    for (const url of ['https://user:secret@school.example/', 'https://10.0.0.1/token', 'nonsense-token']) {
      const judged = checkUrl(url, strict);
      expect(judged.ok ? '' : judged.message).toMatch(/^[A-Z].*\.$/s);
      expect(judged).not.toHaveProperty('message', expect.stringMatching(/secret|token/));
    }
  });
});

describe('an address that a name leads to', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:10.0.0.1',
    '::127.0.0.1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:c0a8:101::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd12:3456:789a::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'FE80::1',
  ])('is private: %s', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    '',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    'g::1',
    '12345::',
    'localhost',
  ])('counts as private where it is none: %s', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.1',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '2a00:1450:4001:80b::200e',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
    '2002:101:101::1',
  ])('is public: %s', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe('the look-up of a name', () => {
  let last = 0;
  /** Names are remembered: each test asks for one of its own. */
  const freshName = () => `n${++last}.school.example`;
  const lookUp = (addresses: string[], host = freshName(), policy = strict) =>
    checkHost(new URL(`https://${host}/`), { ...policy, resolve: async () => addresses });

  it('lets a public name through', async () => {
    expect(await lookUp(['93.184.216.34', '2606:2800:220:1::1'])).toEqual({ ok: true });
  });

  it.each([['10.0.0.1'], ['::1'], ['::ffff:169.254.169.254'], ['64:ff9b::a00:1'], ['2002:a00:1::']])(
    'refuses a name that leads to %s',
    async (address) => {
      expect(await lookUp([address])).toMatchObject({ ok: false, code: 'url_private_host' });
    },
  );

  it('refuses a name with one private address among public ones', async () => {
    expect(await lookUp(['93.184.216.34', '2606:2800:220:1::1', '127.0.0.1'])).toMatchObject({ ok: false });
  });

  it('asks again after five minutes, so that a name cannot turn private for long', async () => {
    const host = freshName();
    let now = 0;
    let asked = 0;
    let addresses = ['93.184.216.34'];
    const policy: OutboundPolicy = {
      ...strict,
      now: () => now,
      resolve: async () => {
        asked += 1;
        return addresses;
      },
    };
    const check = () => checkHost(new URL(`https://${host}/`), policy);
    expect(await check()).toEqual({ ok: true });
    addresses = ['127.0.0.1'];
    now = 5 * 60_000 - 1;
    expect(await check()).toEqual({ ok: true });
    expect(asked).toBe(1);
    now = 5 * 60_000;
    expect(await check()).toMatchObject({ ok: false });
    expect(await check()).toMatchObject({ ok: false });
    expect(asked).toBe(3);
  });

  it('does not remember that a name is nowhere, or was', async () => {
    const host = freshName();
    expect(await lookUp([], host)).toMatchObject({ ok: false, code: 'url_unresolved' });
    expect(await lookUp(['10.0.0.1'], host)).toMatchObject({ ok: false, code: 'url_private_host' });
    expect(await lookUp(['93.184.216.34'], host)).toEqual({ ok: true });
  });

  it('lets a name be registered that leads nowhere yet, or cannot be asked for, and none that is private', async () => {
    const register = (resolve: () => Promise<string[]>) =>
      checkCallable(`https://${freshName()}/`, { ...strict, resolve });
    expect(await register(async () => [])).toEqual({ ok: true });
    expect(await register(() => Promise.reject(new Error('down')))).toEqual({ ok: true });
    expect(await register(async () => ['fd00::1'])).toMatchObject({ ok: false });
  });

  it('passes on that the resolver cannot be asked', async () => {
    const policy = { ...strict, resolve: () => Promise.reject(new Error('down')) };
    await expect(checkHost(new URL(`https://${freshName()}/`), policy)).rejects.toThrow('down');
  });

  it('is not asked about loopback in development', async () => {
    const policy = { ...lenient, resolve: () => Promise.reject(new Error('asked')) };
    expect(await checkHost(new URL('http://127.0.0.1:9000/'), policy)).toEqual({ ok: true });
  });
});

describe('a guarded request', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const request = {
    url: 'https://school.example/done',
    method: 'POST' as const,
    headers: {},
    timeoutMs: 1_000,
  };
  const answering = (answer: (url: URL, init: RequestInit) => Promise<Response>) => {
    const fake = vi.fn(answer);
    vi.stubGlobal('fetch', fake);
    return fake;
  };

  it('is sent as it is given, and never follows a redirect', async () => {
    const fetched = answering(async () => new Response('thanks', { status: 202 }));
    const headers = { 'x-a': '1' };
    expect(await sendGuarded({ ...request, headers, body: '{}' }, strict)).toEqual({
      status: 202,
      excerpt: 'thanks',
      retryAfter: null,
      detail: 'Answered 202.',
      uncertain: false,
    });
    const [url, init] = fetched.mock.calls[0] ?? [];
    expect(String(url)).toBe(request.url);
    expect(init).toMatchObject({ method: 'POST', headers, body: '{}', redirect: 'manual' });
  });

  it.each([301, 302, 303, 307, 308])('takes a redirect (%i) for a failure', async (status) => {
    const fetched = answering(
      async () => new Response(null, { status, headers: { location: 'http://10.0.0.1/' } }),
    );
    const answer = await sendGuarded(request, strict);
    expect(answer).toMatchObject({ status, failure: 'status', uncertain: false });
    expect(answer.detail).not.toContain('10.0.0.1');
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it.each([
    'http://school.example/',
    'https://10.0.0.1/',
    'https://localhost/',
    'https://hub.school.example/',
  ])('is never sent to %s', async (url) => {
    const fetched = answering(async () => new Response());
    expect(await sendGuarded({ ...request, url }, strict)).toMatchObject({
      failure: 'connect',
      uncertain: false,
    });
    expect(fetched).not.toHaveBeenCalled();
  });

  it('is never sent to a name that leads to a private address, or that nobody can resolve', async () => {
    const fetched = answering(async () => new Response());
    const url = 'https://rebound.school.example/';
    const toPrivate = { ...strict, resolve: async () => ['192.168.1.1'] };
    expect(await sendGuarded({ ...request, url }, toPrivate)).toMatchObject({ failure: 'connect' });
    const unasked = {
      ...strict,
      resolve: () => Promise.reject(new Error('SERVFAIL for rebound.school.example')),
    };
    const answer = await sendGuarded({ ...request, url }, unasked);
    expect(answer).toMatchObject({ failure: 'connect', uncertain: false });
    expect(answer.detail).not.toContain('rebound');
    expect(fetched).not.toHaveBeenCalled();
  });

  it('is not sent while its name leads nowhere, and is again as soon as it leads somewhere', async () => {
    const fetched = answering(async () => new Response('back'));
    const url = 'https://expired.school.example/';
    let addresses: string[] = [];
    const policy = { ...strict, resolve: async () => addresses };
    expect(await sendGuarded({ ...request, url }, policy)).toMatchObject({
      failure: 'connect',
      uncertain: false,
      detail: 'The host name leads nowhere: it has no address now.',
    });
    expect(fetched).not.toHaveBeenCalled();
    addresses = ['93.184.216.34'];
    expect(await sendGuarded({ ...request, url }, policy)).toMatchObject({ status: 200, excerpt: 'back' });
  });

  it.each([
    ['an hour ahead', 3_600_000],
    ['a day behind', -86_400_000],
    ['right', 0],
  ])('reads the date of Retry-After by the clock of the receiver: %s', async (_, skewMs) => {
    const receiverNow = Math.floor(Date.now() / 1_000) * 1_000 + skewMs;
    const headers = {
      date: new Date(receiverNow).toUTCString(),
      'retry-after': new Date(receiverNow + 90_000).toUTCString(),
    };
    answering(async () => new Response('', { status: 503, headers }));
    expect(await sendGuarded(request, strict)).toMatchObject({ retryAfter: '90' });
  });

  it.each([
    [{ 'retry-after': '120', date: 'Sun, 22 Nov 2026 12:00:00 GMT' }, '120'],
    [{ 'retry-after': 'Sun, 22 Nov 2026 11:00:00 GMT', date: 'Sun, 22 Nov 2026 12:00:00 GMT' }, '0'],
    [{ 'retry-after': 'soon', date: 'Sun, 22 Nov 2026 12:00:00 GMT' }, 'soon'],
    [{ 'retry-after': 'Sun, 22 Nov 2026 12:00:00 GMT', date: 'yesterday' }, 'Sun, 22 Nov 2026 12:00:00 GMT'],
    [{ date: 'Sun, 22 Nov 2026 12:00:00 GMT' }, null],
  ])('passes Retry-After on as it is where no two dates are there: %j', async (headers, wanted) => {
    answering(async () => new Response('', { status: 429, headers: headers as Record<string, string> }));
    expect((await sendGuarded(request, strict)).retryAfter).toBe(wanted);
  });

  it('tells a receiver that refuses from one that cannot be reached', async () => {
    answering(async () => new Response('no', { status: 503, headers: { 'retry-after': '120' } }));
    expect(await sendGuarded(request, strict)).toMatchObject({
      status: 503,
      failure: 'status',
      retryAfter: '120',
      excerpt: 'no',
      uncertain: false,
    });
    answering(() => Promise.reject(new TypeError('connect ECONNREFUSED 203.0.113.9:443')));
    const answer = await sendGuarded(request, strict);
    expect(answer).toMatchObject({ failure: 'connect', uncertain: true });
    expect(answer).not.toHaveProperty('status');
    expect(answer.detail).not.toContain('203.0.113.9');
  });

  it('keeps 1 KB of an answer that never ends, and reads no more than 64 KB', async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(4_096).fill(0x61));
      },
    });
    answering(async () => new Response(endless));
    const answer = await sendGuarded(request, strict);
    expect(answer).toMatchObject({ status: 200, uncertain: false });
    expect(answer.excerpt).toBe('a'.repeat(1_024));
    expect(pulled).toBeLessThan(25);
  });

  it('says that a cut-off 2xx may have been taken', async () => {
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array([0x61]));
      },
      pull(controller) {
        controller.error(new Error('reset'));
      },
    });
    answering(async () => new Response(broken));
    expect(await sendGuarded(request, strict)).toMatchObject({
      status: 200,
      failure: 'body',
      uncertain: true,
    });
  });

  it('stops waiting when its time is up: before an answer, in its body, in the look-up', async () => {
    const never = new Promise<never>(() => {});
    const aborted = (init: RequestInit) =>
      new Promise<Response>((_, reject) =>
        init.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    const soon = { ...request, timeoutMs: 20 };

    answering((_, init) => aborted(init));
    expect(await sendGuarded(soon, strict)).toMatchObject({ failure: 'timeout', uncertain: true });

    answering(async () => new Response(new ReadableStream({ pull: () => never })));
    expect(await sendGuarded(soon, strict)).toMatchObject({ status: 200, failure: 'body', uncertain: true });

    const fetched = answering(async () => new Response());
    const slow = { ...strict, resolve: () => never };
    const url = 'https://slow.school.example/';
    expect(await sendGuarded({ ...soon, url }, slow)).toMatchObject({ failure: 'timeout', uncertain: false });
    expect(fetched).not.toHaveBeenCalled();
  });
});
