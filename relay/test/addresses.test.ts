import { describe, expect, it } from 'vitest';
import { isPrivateAddress } from '../../src/platform/addresses.ts';
import { findAddresses, isPrivate, parseNetworks } from '../src/addresses.ts';

const none = parseNetworks([]);
const find = (addresses: string[], allowed = none) =>
  findAddresses('sftp.school.example', { allowed, resolve: async () => addresses });

describe('private addresses', () => {
  const edges: [address: string, private_: boolean][] = [
    ...['0.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255', '127.0.0.1', '169.254.169.254'].map(
      (address) => [address, true] as [string, boolean],
    ),
    ...[
      '172.16.0.0',
      '172.31.255.255',
      '192.0.0.1',
      '192.0.2.1',
      '192.168.1.1',
      '198.18.0.1',
      '198.19.9.9',
    ].map((address) => [address, true] as [string, boolean]),
    ...['198.51.100.1', '203.0.113.9', '224.0.0.1', '255.255.255.255', '192.88.99.1'].map(
      (address) => [address, true] as [string, boolean],
    ),
    ...[
      '1.1.1.1',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '172.15.0.1',
      '172.32.0.1',
    ].map((address) => [address, false] as [string, boolean]),
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '2001:db8::1',
      '2001::1',
    ].map((address) => [address, true] as [string, boolean]),
    ...['3fff::1', '64:ff9b::a00:1', '2002:7f00:1::', '64:ff9b:1::1', '::ffff:10.0.0.1', '::7f00:1'].map(
      (address) => [address, true] as [string, boolean],
    ),
    ...['2606:4700:4700::1111', '2a00:1450:4001::1', '2001:200::1', '3ffe::1'].map(
      (address) => [address, false] as [string, boolean],
    ),
  ];

  it('are those that the hub, too, takes for private', () => {
    for (const [address, wanted] of edges) {
      expect([address, isPrivate(address)]).toEqual([address, wanted]);
      expect([address, isPrivateAddress(address)]).toEqual([address, wanted]);
    }
  });

  it('are refused when one of a name is among public ones', async () => {
    await expect(find(['93.184.216.34', '10.0.0.1'])).rejects.toMatchObject({
      phase: 'resolve',
      code: 'address_private',
      details: { retry: false },
    });
    await expect(findAddresses('127.0.0.1', { allowed: none })).rejects.toMatchObject({
      code: 'address_private',
    });
  });

  it('are called where the operator allows their network', async () => {
    expect(await find(['10.1.2.3'], parseNetworks(['10.1.0.0/16']))).toEqual(['10.1.2.3']);
    await expect(find(['10.2.2.3'], parseNetworks(['10.1.0.0/16']))).rejects.toMatchObject({
      code: 'address_private',
    });
    expect(await find(['fd00::5'], parseNetworks(['fd00::5']))).toEqual(['fd00::5']);
  });
});

describe('the addresses of a name', () => {
  it('are tried IPv4 first, as allow-lists hold them', async () => {
    expect(await find(['2606:4700::1', '93.184.216.34', '2606:4700::2', '1.1.1.1'])).toEqual([
      '93.184.216.34',
      '1.1.1.1',
      '2606:4700::1',
      '2606:4700::2',
    ]);
  });

  it('tell a name that does not exist from a resolver that does not answer', async () => {
    const failing = (code: string) =>
      findAddresses('x.example', {
        allowed: none,
        resolve: () => Promise.reject(Object.assign(new Error(code), { code })),
      });
    await expect(failing('ENOTFOUND')).rejects.toMatchObject({
      code: 'name_unknown',
      details: { retry: false },
    });
    await expect(failing('EAI_AGAIN')).rejects.toMatchObject({
      code: 'resolver_failed',
      details: { retry: true },
    });
    await expect(find([])).rejects.toMatchObject({ code: 'name_unknown' });
  });
});

describe('a network', () => {
  it('is refused when it is none', () => {
    for (const wrong of ['10.0.0.0/33', 'fd00::/129', '10.0.0/8', 'x', '10.0.0.0/-1', '10.0.0.0/'])
      expect(() => parseNetworks([wrong])).toThrow(wrong);
  });
});
