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
});
