import { describe, expect, it } from 'vitest';
import { parseDestination, showDestination } from '../../src/features/exports/destination.ts';

// The document's own table: these characters, and what to write for them.
const special = `][?/<~#\`!@$%^&*}+=:";',>{ `;
const encoded = '%5D%5B%3F%2F%3C%7E%23%60%21%40%24%25%5E%26%2A%7D%2B%3D%3A%22%3B%27%2C%3E%7B%20';

const read = (text: string) => {
  const parsed = parseDestination(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.destination;
};
const faultsOf = (text: string) => {
  const parsed = parseDestination(text);
  return parsed.ok ? [] : parsed.issues.map(({ code, message }) => `${code}: ${message}`);
};

describe('parseDestination', () => {
  it('reads the URL that the document prints', () => {
    expect(read('sftp://username:password@host:22/path')).toEqual({
      host: 'host',
      port: 22,
      username: 'username',
      password: 'password',
      directory: '/path',
    });
  });

  it('decodes every character of the table, in user name and password', () => {
    const { username, password } = read(`sftp://${encoded}:${encoded}@host:22/path`);
    expect([username, password]).toEqual([special, special]);
    expect(read(`sftp://${encoded.toLowerCase()}:x@host/p`).username).toBe(special);
  });

  it.each([...special].map((character, i) => [character, encoded.slice(3 * i, 3 * i + 3)]))(
    'asks for %j to be written %s',
    (character, code) => {
      // A colon parts user name and password, so that a raw one can only stand in the password.
      for (const url of [
        `sftp://user:s3${character}cret@host:22/path`,
        `sftp://u${character}r:s3cret@host:22/path`,
      ]) {
        if (character === ':' && url.startsWith('sftp://u:')) continue;
        const [first = '', ...others] = faultsOf(url);
        expect(others).toEqual([]);
        expect(first).toContain(`write ${code} for it.`);
        expect(first).not.toContain('cret');
      }
    },
  );

  it('takes the other characters as they are', () => {
    const { username, password } = read('sftp://j.doe_2-x:(a|b)\\é%C3%A9@host/p');
    expect([username, password]).toEqual(['j.doe_2-x', '(a|b)\\éé']);
  });

  it.each([
    ['sftp://user:secret@host', ''],
    ['sftp://user:secret@host/', ''],
    ['sftp://user:secret@host/in/box/', '/in/box'],
    ['sftp://user:secret@host//in//box', '/in/box'],
    ['sftp://user:secret@host/~/in', 'in'],
    ['sftp://user:secret@host/~', ''],
    ['sftp://user:secret@host/%C3%A9t%C3%A9%20%3F', '/été ?'],
  ])('reads the folder of %s', (url, directory) => {
    expect(read(url)).toMatchObject({ directory, port: 22, password: 'secret' });
  });

  it.each([
    ['sftp://user:secret@203.0.113.5:2222/in', '203.0.113.5', 2222],
    ['sftp://user:secret@[2001:db8::5]:2222/in', '2001:db8::5', 2222],
    ['SFTP://user:secret@Host.School.example:65535', 'Host.School.example', 65535],
  ])('reads host and port of %s', (url, host, port) => {
    expect(read(url)).toMatchObject({ host, port });
  });

  it('has no password where the URL has none', () => {
    expect(read('sftp://user@host/in').password).toBeNull();
    expect(read('sftp://user:@host/in').password).toBeNull();
  });

  it.each([
    ['', 'scheme: The URL has no protocol: write sftp://username:password@host:22/path.'],
    ['user:secret@host/in', 'scheme: The URL has no protocol: write sftp://username:password@host:22/path.'],
    [
      'ftp://u:secret@host',
      'scheme: "ftp://" is another protocol: write sftp://username:password@host:22/path.',
    ],
    [' sftp://u:secret@host', 'stray_space: The URL begins or ends with a space or a line break: remove it.'],
    [
      'sftp://u:secret@host\n',
      'stray_space: The URL begins or ends with a space or a line break: remove it.',
    ],
    [
      'sftp://u:sec\tret@host',
      'control_character: The URL holds a line break, a tab or another control character.',
    ],
    [
      'sftp://host:22/path',
      'username: There is no user name before the host: write sftp://username:password@host:22/path.',
    ],
    [
      'sftp://:secret@host',
      'username: The user name is missing: write sftp://username:password@host:22/path.',
    ],
    ['sftp://u:secret@', 'host: The host is missing: write sftp://username:password@host:22/path.'],
    ['sftp://u:secret@:22/path', 'host: The host is missing: write sftp://username:password@host:22/path.'],
    [
      'sftp://u:secret@2001:db8::5/path',
      'host: The host is no host name; an IPv6 address stands in brackets, such as [2001:db8::5].',
    ],
    [
      'sftp://u:s@cr/et@host/path',
      'at_sign: There are several "@": write %40 for each that belongs to the user name, the password or the path, and %2F for each "/" of the password.',
    ],
    [
      'sftp://u:secret@host/a@b',
      'at_sign: There are several "@": write %40 for each that belongs to the user name, the password or the path, and %2F for each "/" of the password.',
    ],
    [
      'sftp://u:secret@ho st/path',
      'host: The host is no host name: letters, digits, "-" and "." alone, as in sftp.school.example.',
    ],
    ['sftp://u:secret@höst/path', 'host: The host has letters outside ASCII: write it in its "xn--" form.'],
    ['sftp://u:secret@host:ssh/path', 'port: The port is not a number from 1 to 65535.'],
    ['sftp://u:secret@host:0/path', 'port: The port is not a number from 1 to 65535.'],
    ['sftp://u:secret@host:65536/path', 'port: The port is not a number from 1 to 65535.'],
    ['sftp://u:secret@host:/path', 'port: The port is not a number from 1 to 65535.'],
    ['sftp://u:secret@host/a?b', 'path: The path holds "?" as it is: write %3F for it.'],
    ['sftp://u:secret@host/a b', 'path: The path holds a space as it is: write %20 for it.'],
    ['sftp://u:secret@host/100%', 'path: The path holds "%" as it is: write %25 for it.'],
    [
      'sftp://u:secret@host/a/../b',
      'path: The path may not hold "." or ".." as a folder: write the folder it means.',
    ],
    [
      'sftp://u:secret@host/%2e%2e/b',
      'path: The path may not hold "." or ".." as a folder: write the folder it means.',
    ],
    ['sftp://u:secret@host/%00', 'path: The path holds a control character, or bytes that are not UTF-8.'],
    ['sftp://u:%FF@host/in', "password: The password's percent-encoded bytes are not UTF-8."],
    [
      'sftp://u:a%0Ab@host/in',
      'password: The password holds a percent-encoded control character, such as a line break.',
    ],
  ])('explains %j', (url, wanted) => {
    expect(faultsOf(url)).toEqual([wanted]);
  });

  it('names every mistake at once', () => {
    expect(faultsOf('sftp://user:a!b@host:99999/a?b').map((text) => text.split(':')[0])).toEqual([
      'password',
      'port',
      'path',
    ]);
  });

  it('never repeats the password', () => {
    for (const url of ['ftp://u:s3cret!@h', 'sftp://u:s3cret!@h/p', 'sftp://u:s3cret@/p', 'u:s3cret@h'])
      expect(JSON.stringify(parseDestination(url))).not.toContain('s3cret');
  });
});

describe('showDestination', () => {
  it.each([
    'sftp://user@host:22/path',
    'sftp://user@host:22',
    'sftp://user@host:22/~/in',
    'sftp://user@[2001:db8::5]:2222/a%20b',
  ])('writes %s as it was read', (url) => {
    expect(showDestination(read(url))).toBe(url);
  });

  it('encodes the user name as the table does', () => {
    expect(showDestination(read(`sftp://${encoded}:x@host:22/p`))).toBe(`sftp://${encoded}@host:22/p`);
  });
});
