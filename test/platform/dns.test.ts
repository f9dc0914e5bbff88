import { afterEach, describe, expect, it, vi } from 'vitest';
import { dnsOverHttps } from '../../src/platform/dns.ts';

describe('the resolver over HTTPS', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('asks for both kinds of address and drops aliases', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      asked.push(url);
      expect(init).toMatchObject({ redirect: 'manual', signal: expect.any(AbortSignal) });
      const data = url.endsWith('type=A') ? '93.184.216.34' : '2606:2800:220:1::1';
      const type = url.endsWith('type=A') ? 1 : 28;
      return Response.json({
        Status: 0,
        Answer: [
          { type: 5, data: 'alias.example.' },
          { type, data },
        ],
      });
    });
    expect(await dnsOverHttps('https://dns.example/query')('a&b.example')).toEqual([
      '93.184.216.34',
      '2606:2800:220:1::1',
    ]);
    expect(asked).toEqual([
      'https://dns.example/query?name=a%26b.example&type=A',
      'https://dns.example/query?name=a%26b.example&type=AAAA',
    ]);
  });

  it('knows no address of a name that is nowhere, and throws when it is not answered', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ Status: 3 }));
    expect(await dnsOverHttps('https://dns.example/query')('nowhere.example')).toEqual([]);
    vi.stubGlobal('fetch', async () => new Response('', { status: 500 }));
    await expect(dnsOverHttps('https://dns.example/query')('school.example')).rejects.toThrow('500');
  });

  it.each([
    ['SERVFAIL', { Status: 2 }],
    ['REFUSED', { Status: 5 }],
    ['SERVFAIL with an address', { Status: 2, Answer: [{ type: 28, data: '2606:2800:220:1::1' }] }],
    ['no DNS at all', { hello: 'world' }],
  ])('throws where one of both kinds is answered with %s: it may be private', async (_, other) => {
    vi.stubGlobal('fetch', async (url: string) =>
      Response.json(
        url.endsWith('type=A') ? { Status: 0, Answer: [{ type: 1, data: '93.184.216.34' }] } : other,
      ),
    );
    await expect(dnsOverHttps('https://dns.example/query')('school.example')).rejects.toThrow('status');
  });

  it('throws where what is answered is no JSON', async () => {
    vi.stubGlobal('fetch', async () => new Response('<html>'));
    await expect(dnsOverHttps('https://dns.example/query')('school.example')).rejects.toThrow();
  });

  it('knows no address where a name is an alias of nothing, and none of another kind', async () => {
    const Answer = [
      { type: 5, data: 'gone.example.' },
      { type: 65, data: '1 . ipv4hint=10.0.0.1' },
      { type: 16, data: '"10.0.0.1"' },
    ];
    vi.stubGlobal('fetch', async () => Response.json({ Status: 0, Answer }));
    expect(await dnsOverHttps('https://dns.example/query')('school.example')).toEqual([]);
  });
});
