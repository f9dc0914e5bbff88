/** True for an address that is not on the public internet (IANA special-purpose registries, 2026). */
export function isPrivateAddress(address: string): boolean {
  const v4 = parseIpv4(address);
  if (v4) {
    const [a = 0, b = 0, c = 0] = v4;
    return (
      a === 0 ||
      a === 10 ||
      a === 127 ||
      a >= 224 ||
      (a === 100 && b >= 64 && b <= 127) ||
      (a === 169 && b === 254) ||
      (a === 172 && b >= 16 && b <= 31) ||
      (a === 192 && b === 168) ||
      (a === 192 && b === 0 && (c === 0 || c === 2)) ||
      (a === 192 && b === 88 && c === 99) ||
      (a === 198 && (b === 18 || b === 19)) ||
      (a === 198 && b === 51 && c === 100) ||
      (a === 203 && b === 0 && c === 113)
    );
  }
  const groups = expandIpv6(address);
  if (!groups) return true;
  const [g0 = 0, g1 = 0] = groups;
  if (groups.slice(0, 5).every((group) => group === 0) && (groups[5] === 0xffff || groups[5] === 0)) {
    return isPrivateAddress(embeddedIpv4(groups, 6));
  }
  if (g0 === 0x64 && g1 === 0xff9b) {
    const isWellKnown = groups.slice(2, 6).every((group) => group === 0);
    return !isWellKnown || isPrivateAddress(embeddedIpv4(groups, 6));
  }
  if (g0 === 0x2002) return isPrivateAddress(embeddedIpv4(groups, 1));
  // Only 2000::/3 is global unicast; of it, documentation, benchmarking, Teredo and ORCHID are not hosts.
  if (g0 < 0x2000 || g0 > 0x3fff) return true;
  return (g0 === 0x2001 && (g1 === 0xdb8 || g1 < 0x200)) || (g0 === 0x3fff && g1 < 0x1000);
}

/** Four decimal octets without leading zeros, for 010 is eight to some and ten to others; null for any other. */
function parseIpv4(text: string): number[] | null {
  const parts = text.split('.');
  const octets = parts.map(Number);
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  return octets.every((octet) => octet <= 255) ? octets : null;
}

function embeddedIpv4(groups: number[], at: number): string {
  const high = groups[at] ?? 0;
  const low = groups[at + 1] ?? 0;
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function expandIpv6(address: string): number[] | null {
  const last = address.slice(address.lastIndexOf(':') + 1);
  const v4 = parseIpv4(last);
  if (!v4 && last.includes('.')) return null;
  const [a = 0, b = 0, c = 0, d = 0] = v4 ?? [];
  const text = v4
    ? `${address.slice(0, -last.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
    : address;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const parts = halves.map((half) => (half === '' ? [] : half.split(':')));
  const [head = [], tail = []] = parts;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const all = [...head, ...Array<string>(halves.length === 1 ? 0 : missing).fill('0'), ...tail];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return all.map((group) => Number.parseInt(group, 16));
}
