import { BlockList, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPrivateAddress } from '../../src/platform/addresses.ts';
import { checkUrl } from '../../src/platform/outbound.ts';

// Against the runtime's own reading of addresses and networks, and its own reading of URLs.

function networks(...given: string[]): BlockList {
  const list = new BlockList();
  for (const network of given) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** IANA's special-purpose registries of 2026: what is not globally reachable, and what is multicast. */
const closedV4 = networks(
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
);
const closedV6 = networks('2001::/23', '2001:db8::/32', '3fff::/20');
const globalV6 = networks('2000::/3');
const holdsV4 = {
  last: networks('::/96', '::ffff:0:0/96', '64:ff9b::/96'),
  second: networks('2002::/16'),
};

const dotted = (high: number, low: number) => [high >> 8, high & 255, low >> 8, low & 255].join('.');

function isClosed(groups: number[]): boolean {
  const address = groups.map((group) => group.toString(16)).join(':');
  const [, second = 0, third = 0, , , , high = 0, low = 0] = groups;
  if (holdsV4.last.check(address, 'ipv6')) return closedV4.check(dotted(high, low));
  if (holdsV4.second.check(address, 'ipv6')) return closedV4.check(dotted(second, third));
  return !globalV6.check(address, 'ipv6') || closedV6.check(address, 'ipv6');
}

const group = fc.oneof(
  fc.constantFrom(0, 1, 0xffff, 0xff9b, 0x7f00, 0x0a00, 0xc0a8, 0xa9fe, 0x0db8, 0x01ff, 0x0200),
  fc.integer({ min: 0, max: 0xffff }),
);
const first = fc.oneof(
  fc.constantFrom(0, 0x64, 0x100, 0x2001, 0x2002, 0x2606, 0x3fff, 0x3ffe, 0x5f00, 0xfc00, 0xfe80, 0xff02),
  group,
);
const v6 = fc
  .tuple(
    first,
    fc.oneof(fc.constant([0, 0, 0, 0, 0]), fc.array(group, { minLength: 5, maxLength: 5 })),
    group,
    group,
  )
  .map(([head, middle, high, low]) => [head, ...middle, high, low]);
const octet = fc.oneof(fc.constantFrom(0, 1, 10, 100, 127, 169, 172, 192, 198, 254, 255), fc.nat(255));
const v4 = fc.tuple(octet, octet, octet, octet);

/** The ways to write the same address. */
function spellings(groups: number[]): string[] {
  const hex = groups.map((one) => one.toString(16));
  const tail = dotted(groups[6] ?? 0, groups[7] ?? 0);
  const written = [
    hex.join(':'),
    hex
      .map((one) => one.padStart(4, '0'))
      .join(':')
      .toUpperCase(),
    `${hex.slice(0, 6).join(':')}:${tail}`,
  ];
  const zeros = /(?:^|:)(?:0(?::|$)){2,}/.exec(hex.join(':'));
  if (zeros) written.push(hex.join(':').replace(zeros[0], '::'));
  return written;
}

describe('an address that a name leads to', () => {
  it('is private where the registries say so, however it is written: IPv6', () => {
    fc.assert(
      fc.property(v6, (groups) => {
        const wanted = isClosed(groups);
        for (const text of spellings(groups)) expect([text, isPrivateAddress(text)]).toEqual([text, wanted]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is private where the registries say so: IPv4, alone and within IPv6', () => {
    fc.assert(
      fc.property(v4, ([a, b, c, d]) => {
        const text = [a, b, c, d].join('.');
        const wanted = closedV4.check(text);
        const hex = [(a << 8) | b, (c << 8) | d].map((one) => one.toString(16)).join(':');
        for (const one of [text, `::ffff:${text}`, `::ffff:${hex}`, `64:ff9b::${text}`, `2002:${hex}::1`])
          expect([one, isPrivateAddress(one)]).toEqual([one, wanted]);
        // Translators' own prefixes lead where their owners like.
        for (const one of [`64:ff9b:1::${text}`, `64:ff9b:0:1::${text}`, `::ffff:0:${text}`, `2001::${text}`])
          expect([one, isPrivateAddress(one)]).toEqual([one, true]);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    '1.256.1.1',
    '1.1.999.1',
    '1.1.1.256',
    '01.1.1.1',
    '1.1.1.010',
    '1.1.1.1.',
    '1.1.1.1/8',
    ' 1.1.1.1',
  ])('is private where it is none: %j', (text) => {
    expect(isPrivateAddress(text)).toBe(true);
    expect(isPrivateAddress(`::ffff:${text}`)).toBe(true);
  });
});

describe('an address that is written into a URL', () => {
  const strict = { allowLoopback: false, ownHosts: [] };
  const number = (value: number) =>
    fc.constantFrom(
      String(value),
      `0x${value.toString(16)}`,
      `0X${value.toString(16).toUpperCase()}`,
      `0${value.toString(8)}`,
      `0000${value.toString(8)}`,
      `0x0000${value.toString(16)}`,
    );
  /** Of one to four parts, of which the last holds whatever is left. */
  const parts = v4.chain(([a, b, c, d]) =>
    fc.oneof(
      fc.tuple(number(((a << 24) | (b << 16) | (c << 8) | d) >>> 0)),
      fc.tuple(number(a), number((b << 16) | (c << 8) | d)),
      fc.tuple(number(a), number(b), number((c << 8) | d)),
      fc.tuple(number(a), number(b), number(c), number(d)),
    ),
  );
  const fullwidth = (text: string) =>
    text.replace(/[!-~]/g, (one) => String.fromCodePoint(one.charCodeAt(0) + 0xfee0));
  const percent = (text: string) => text.replace(/[0-9a-z]/gi, (one) => `%${one.charCodeAt(0).toString(16)}`);
  const disguise = fc.constantFrom<(text: string) => string>((text) => text, fullwidth, percent);
  const dot = fc.constantFrom('.', '。', '．', '｡', '%2e', '%E3%80%82');

  it('is never called, in whatever numbers, digits and dots', () => {
    fc.assert(
      fc.property(parts, disguise, dot, fc.constantFrom('', '.'), (written, hide, between, end) => {
        const host = written.map(hide).join(between) + end;
        for (const url of [`https://${host}/`, `https://${host}:8443/x?y#z`, `HTTPS://${host}`]) {
          const judged = checkUrl(url, strict);
          expect([url, judged.ok ? 'ok' : judged.code]).toEqual([url, 'url_address_literal']);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('is never called where the runtime would read an address, whatever stands there', () => {
    const piece = fc.constantFrom(
      ...[
        '127',
        '0x7f',
        '0177',
        '1',
        '0',
        '.',
        '。',
        '%2e',
        '%31',
        '１',
        ':',
        '@',
        '[',
        ']',
        '::1',
        'ffff',
        '%25',
      ],
      ...[
        'a',
        'localhost',
        '-',
        '_',
        '\u00ad',
        '\u200b',
        '/',
        '?',
        '#',
        ';',
        '~',
        'xn--',
        '①',
        '²',
        '08',
        '256',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const url = `https://${pieces.join('')}/`;
        const judged = checkUrl(url, strict);
        if (!judged.ok) return;
        const { hostname, username, password } = judged.url;
        expect(hostname).toMatch(/[^.]\.[^.]/);
        expect(hostname).not.toMatch(/^\[|^[\d.]+$|(^|\.)localhost\.?$/);
        expect(username + password).toBe('');
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    'https://loc\u00adalhost/',
    'https://loc\u200balhost/',
    'https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/',
    'https://localhost。/',
    'https://app.localhost。/',
    'https://metadata。google。internal/',
    'https://ｄｂ.ｉｎｔｅｒｎａｌ/',
    'https://db.%69nternal/',
    'https://1.0.0.127.in-addr.arpa/',
    'https://printer.LOCAL./',
  ])('nor is a private name, however it is disguised: %s', (url) => {
    const judged = checkUrl(url, strict);
    expect(judged.ok ? 'ok' : judged.code).toBe('url_private_host');
  });

  it.each([0, 1, 22, 25, 53, 80, 110, 3306, 5432, 6379, 8080, 9200, 11211, 65535])(
    'nor any other port: %i',
    (port) => {
      const judged = checkUrl(`https://school.example:${port}/`, strict);
      expect(judged.ok ? 'ok' : judged.code).toBe('url_port');
    },
  );
});
