import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { Failure } from './failure.ts';

/** IANA's special-purpose registries, 2026; the hub's own list is src/platform/addresses.ts. */
const privateV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
];
/** Of IPv6 only 2000::/3 is public; of that, these are not: Teredo and ORCHID, documentation. */
const privateV6 = ['2001::/23', '2001:db8::/32', '3fff::/20'];

const closedV4 = parseNetworks(privateV4);
const closedV6 = parseNetworks(privateV6);
const globalV6 = parseNetworks(['2000::/3']);
const mappedV4 = parseNetworks(['::/96', '::ffff:0:0/96', '64:ff9b::/96', '2002::/16']);

/** `10.1.0.0/16` and the like. Throws for what is no network. */
export function parseNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
    if (version === 0 || !/^\d+$/.test(prefix ?? '0') || bits > (version === 4 ? 32 : 128))
      throw new Error(`"${network}" is no network such as 10.1.0.0/16`);
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

export function isPrivate(address: string): boolean {
  if (isIP(address) === 4) return closedV4.check(address, 'ipv4');
  if (isIP(address) !== 6) return true;
  // An IPv4 address inside an IPv6 one leads where the translator likes: none is called.
  if (mappedV4.check(address, 'ipv6')) return true;
  return !globalV6.check(address, 'ipv6') || closedV6.check(address, 'ipv6');
}

export interface Resolution {
  /** Networks that may be called though they are private. */
  allowed: BlockList;
  /** All addresses of a name; the system's resolver unless a test says otherwise. */
  resolve?: (host: string) => Promise<string[]>;
}

/**
 * The addresses to try, IPv4 first, since that is what customers put on allow-lists. Refuses a name when any
 * of its addresses is private. What is returned is what is connected to: the name is not asked again.
 */
export async function findAddresses(host: string, resolution: Resolution): Promise<string[]> {
  const literal = isIP(host) !== 0;
  const addresses = literal ? [host] : await ask(host, resolution.resolve ?? resolveBySystem);
  const refused = addresses.some(
    (address) =>
      isPrivate(address) && !resolution.allowed.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  );
  if (refused) {
    throw new Failure(
      'resolve',
      'address_private',
      literal
        ? 'The host is a private address, which the relay does not call: give a public one.'
        : 'The host name leads to a private address, which the relay does not call: give a public one.',
      { retry: false },
    );
  }
  return addresses.toSorted((one, other) => isIP(one) - isIP(other));
}

async function resolveBySystem(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

async function ask(host: string, resolve: (host: string) => Promise<string[]>): Promise<string[]> {
  let addresses: string[];
  try {
    addresses = await resolve(host);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTFOUND' || code === 'ENODATA') throw nameUnknown();
    throw new Failure('resolve', 'resolver_failed', 'The host name could not be looked up just now.', {
      retry: true,
    });
  }
  if (addresses.length === 0) throw nameUnknown();
  return addresses;
}

const nameUnknown = () =>
  new Failure('resolve', 'name_unknown', 'The host name does not exist: check its spelling.', {
    retry: false,
  });
