import type { InputIssue } from '../../platform/errors.ts';

/** Where files go. The password is the only secret of it. */
export interface Destination {
  host: string;
  port: number;
  username: string;
  /** Null where the URL has none: then a private key must log in. */
  password: string | null;
  /** Absolute, or relative to the login folder; empty for that folder itself. */
  directory: string;
}

export type ParsedDestination = { ok: true; destination: Destination } | { ok: false; issues: InputIssue[] };

/** What user name and password must not hold as it is: the document's own list, and the space. */
const mustEncode = `][?/<~#\`!@$%^&*}+=:";',>{ `;
const example = 'sftp://username:password@host:22/path';

/**
 * Reads `sftp://username:password@host:22/path`. Each mistake is explained with the way to write it right;
 * nothing of a password stands in an explanation but the single character that is wrong.
 */
export function parseDestination(text: string): ParsedDestination {
  const issues: InputIssue[] = [];
  const wrong = (code: string, message: string) => issues.push({ path: 'destination', code, message });
  const refused = (code: string, message: string): ParsedDestination => {
    wrong(code, message);
    return { ok: false, issues };
  };
  if (/^\s|\s$/.test(text))
    return refused('stray_space', 'The URL begins or ends with a space or a line break: remove it.');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(text))
    return refused('control_character', 'The URL holds a line break, a tab or another control character.');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text);
  if (scheme?.[1]?.toLowerCase() !== 'sftp') {
    const given = scheme ? `"${scheme[1]}://" is another protocol` : 'The URL has no protocol';
    return refused('scheme', `${given}: write ${example}.`);
  }
  const rest = text.slice('sftp://'.length);
  const at = rest.lastIndexOf('@');
  if (at < 0) return refused('username', `There is no user name before the host: write ${example}.`);
  if (/@[^@]*\/.*@/.test(rest) && !rest.slice(0, rest.indexOf('@')).includes('/')) {
    // Whether the password or the path holds the other one cannot be told; a wrong guess would name a wrong host.
    return refused(
      'at_sign',
      'There are several "@": write %40 for each that belongs to the user name, the password or the path, and %2F for each "/" of the password.',
    );
  }
  const { username, password } = readLogin(rest.slice(0, at), wrong);
  const slash = rest.indexOf('/', at);
  const hostAndPort = rest.slice(at + 1, slash < 0 ? rest.length : slash);
  const { host, port } = readHost(hostAndPort, wrong);
  const directory = readDirectory(slash < 0 ? '' : rest.slice(slash), wrong);
  return issues.length > 0
    ? { ok: false, issues }
    : { ok: true, destination: { host, port, username, password, directory } };
}

type Wrong = (code: string, message: string) => void;

function readLogin(login: string, wrong: Wrong): { username: string; password: string | null } {
  const colon = login.indexOf(':');
  const parts: [string, string | null] =
    colon < 0 ? [login, null] : [login.slice(0, colon), login.slice(colon + 1)];
  const [username = '', password = null] = [
    decodePart('user name', parts[0], wrong),
    parts[1] === null ? null : decodePart('password', parts[1], wrong),
  ];
  if (parts[0] === '') wrong('username', `The user name is missing: write ${example}.`);
  return { username, password: password === '' ? null : password };
}

function decodePart(what: 'user name' | 'password', text: string, wrong: Wrong): string {
  const code = what === 'password' ? 'password' : 'username';
  const raw = new Set<string>();
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '%' && /^[0-9A-Fa-f]{2}$/.test(text.slice(i + 1, i + 3))) i += 2;
    else if (mustEncode.includes(character)) raw.add(character);
  }
  for (const character of raw) {
    const name = character === ' ' ? 'a space' : `"${character}"`;
    wrong(code, `The ${what} holds ${name} as it is: write ${percentEncode(character)} for it.`);
  }
  if (raw.size > 0) return '';
  const decoded = decodeUtf8(text);
  if (decoded === null) wrong(code, `The ${what}'s percent-encoded bytes are not UTF-8.`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  else if (/[\u0000-\u001f\u007f]/.test(decoded))
    wrong(code, `The ${what} holds a percent-encoded control character, such as a line break.`);
  else if (new TextEncoder().encode(decoded).length > 1_024)
    wrong(code, `The ${what} may have at most 1,024 bytes.`);
  return decoded ?? '';
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function decodeUtf8(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function readHost(text: string, wrong: Wrong): { host: string; port: number } {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::(.*))?$/.exec(text);
  const [, host = '', port] = bracketed ?? /^([^:]*)(?::([^:]*))?$/.exec(text) ?? [];
  if (host === '') {
    wrong(
      'host',
      text === '' || text.startsWith(':')
        ? `The host is missing: write ${example}.`
        : 'The host is no host name; an IPv6 address stands in brackets, such as [2001:db8::5].',
    );
  } else if (!bracketed && !/^(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/.test(host)) {
    wrong(
      'host',
      /[^ -~]/.test(host)
        ? 'The host has letters outside ASCII: write it in its "xn--" form.'
        : 'The host is no host name: letters, digits, "-" and "." alone, as in sftp.school.example.',
    );
  }
  if (port !== undefined && !/^[1-9]\d{0,4}$/.test(port))
    wrong('port', 'The port is not a number from 1 to 65535.');
  else if (Number(port ?? 22) > 65_535) wrong('port', 'The port is not a number from 1 to 65535.');
  return { host, port: Number(port ?? 22) };
}

/** `/~/in` is relative to the login folder, as other SFTP URLs write it; so is no path at all, and `/`. */
function readDirectory(path: string, wrong: Wrong): string {
  for (const character of ['?', '#', ' ']) {
    const name = character === ' ' ? 'a space' : `"${character}"`;
    if (path.includes(character))
      wrong('path', `The path holds ${name} as it is: write ${percentEncode(character)} for it.`);
  }
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) {
    wrong('path', 'The path holds "%" as it is: write %25 for it.');
    return '';
  }
  const decoded = decodeUtf8(path);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (decoded === null || /[\u0000-\u001f\u007f]/.test(decoded)) {
    wrong('path', 'The path holds a control character, or bytes that are not UTF-8.');
    return '';
  }
  const folders = decoded.split('/').filter((folder) => folder !== '');
  if (folders.some((folder) => folder === '.' || folder === '..'))
    wrong('path', 'The path may not hold "." or ".." as a folder: write the folder it means.');
  if (new TextEncoder().encode(decoded).length > 1_024)
    wrong('path', 'The path may have at most 1,024 bytes.');
  const [first, ...others] = folders;
  if (first === undefined) return '';
  return first === '~' ? others.join('/') : `/${folders.join('/')}`;
}

/** The URL again, without the password, as the API shows it. */
export function showDestination(destination: Omit<Destination, 'password'>): string {
  const { host, port, username, directory } = destination;
  const path = directory === '' || directory.startsWith('/') ? directory : `/~/${directory}`;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const encoded = path
    .split('/')
    .map((folder) => (folder === '~' ? folder : encodeURIComponent(folder)))
    .join('/');
  return `sftp://${encodeAll(username)}@${shownHost}:${port}${encoded}`;
}

/** As the document prints it: also what encodeURIComponent leaves alone. */
function encodeAll(text: string): string {
  return encodeURIComponent(text).replace(/[!~*']/g, percentEncode);
}
