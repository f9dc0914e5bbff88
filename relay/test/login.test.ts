import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../dev/keys.ts';
import { type Relay, startRelay } from '../dev/relay.ts';
import { type ScriptedOptions, type ScriptedServer, startScriptedServer } from '../dev/scripted.ts';
import { makeFolder, put } from './support.ts';

let relay: Relay;
const { folder, remove } = makeFolder();
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(async () => {
  await relay?.stop();
  remove();
});

const file = Buffer.from('x');

/** One put to a server of its own; what the server saw goes with the answer. */
async function login(
  options: Partial<ScriptedOptions>,
  over: (server: ScriptedServer) => object = () => ({}),
) {
  const server = await startScriptedServer({ folder, port: 0, hostKeys: [makeKey()], ...options });
  try {
    const { body } = await put(relay, server, 'a.csv', file, over(server));
    const tried = server.log.filter((line) => line.startsWith('auth')).map((line) => line.slice(5));
    return { body, tried: [...new Set(tried)], shown: server.shown, server };
  } finally {
    await server.stop();
  }
}

describe('a login', () => {
  it('uses the password', async () => {
    const { body, tried } = await login({ methods: ['password'] });
    expect(body).toMatchObject({ ok: true, authentication: 'password' });
    expect(tried).toEqual(['password']);
  });

  it('answers the one hidden prompt of keyboard-interactive with the password', async () => {
    const { body, tried } = await login({ methods: ['keyboard-interactive'] });
    expect(body).toMatchObject({ ok: true, authentication: 'keyboard-interactive' });
    expect(tried).toEqual(['password', 'keyboard-interactive']);
  });

  it('uses an encrypted private key of each kind', async () => {
    for (const kind of ['ed25519', 'ecdsa', 'rsa'] as const) {
      const user = makeKey(kind, 'pass phrase');
      const { body } = await login({ methods: ['publickey'], user, hostKeys: [makeKey()] }, () => ({
        password: undefined,
        privateKey: user.privateKey,
        passphrase: 'pass phrase',
      }));
      expect(body).toMatchObject({ ok: true, authentication: 'publickey' });
    }
  });

  it('goes on from the key to the password where the server wants both', async () => {
    const { body, tried } = await login(
      { methods: ['publickey', 'password'], all: true },
      ({ privateKey }) => ({
        privateKey,
      }),
    );
    expect(body).toMatchObject({ ok: true, authentication: 'password' });
    expect(tried).toEqual(['publickey', 'password']);
  });

  it('goes on to the password where the key is not taken', async () => {
    const { body } = await login({}, () => ({ privateKey: makeKey().privateKey }));
    expect(body).toMatchObject({ ok: true, authentication: 'password' });
  });

  it('is refused with what was tried and what the server takes', async () => {
    const { body } = await login({ methods: ['publickey'] });
    expect(body).toMatchObject({ ok: false, phase: 'auth', code: 'login_refused', retry: false });
    expect(body.message).toContain('tried password');
    expect(body.message).toContain('takes publickey');
  });

  it('shows no credential to a host whose key is not pinned', async () => {
    const { body, tried, shown } = await login({}, ({ privateKey }) => ({
      privateKey,
      hostKeys: [{ type: 'ssh-ed25519', fingerprint: `SHA256:${'A'.repeat(43)}` }],
    }));
    expect(body).toMatchObject({ ok: false, phase: 'hostkey', retry: false });
    expect(tried).toEqual([]);
    expect(shown).toEqual([]);
  });

  it('does not answer a second factor', async () => {
    const { body, shown, server } = await login({
      methods: ['keyboard-interactive'],
      prompts: [[{ prompt: 'Password: ', echo: false }], [{ prompt: 'Code from your phone: ', echo: false }]],
    });
    expect(body).toMatchObject({ ok: false, phase: 'auth', code: 'prompt_unknown', retry: false });
    expect(body.message).toContain('Code from your phone:');
    expect(shown.filter((one) => one === server.password)).toHaveLength(1);
  });

  it('does not type the password where it would be seen, or twice', async () => {
    for (const round of [
      [{ prompt: 'User: ', echo: true }],
      [
        { prompt: 'New password: ', echo: false },
        { prompt: 'Again: ', echo: false },
      ],
    ]) {
      const { body, shown, server } = await login({ methods: ['keyboard-interactive'], prompts: [round] });
      expect(body).toMatchObject({ ok: false, code: 'prompt_unknown' });
      expect(shown).not.toContain(server.password);
    }
  });

  it('says that the key cannot be read, before anything is connected', async () => {
    const { privateKey } = makeKey('ed25519', 'right');
    for (const wrong of [{ privateKey: 'no key' }, { privateKey }, { privateKey, passphrase: 'wrong' }]) {
      const { body, tried } = await login({}, () => wrong);
      expect(body).toMatchObject({
        ok: false,
        phase: 'auth',
        code: 'key_unreadable',
        retry: false,
        host: null,
      });
      expect(tried).toEqual([]);
    }
  });
});

describe('the algorithms', () => {
  const only = (algorithms: object) => login({ algorithms });

  it('are modern ones: the rest is refused in words', async () => {
    for (const old of [
      { kex: ['diffie-hellman-group14-sha1'] },
      { cipher: ['aes128-cbc'] },
      { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] },
    ]) {
      const { body } = await only(old);
      expect(body).toMatchObject({
        ok: false,
        phase: 'handshake',
        code: 'no_common_algorithm',
        retry: false,
      });
    }
  });

  it('fall back among the modern ones', async () => {
    for (const [one, member] of [
      [{ kex: ['diffie-hellman-group16-sha512'] }, { kex: 'diffie-hellman-group16-sha512' }],
      [{ cipher: ['aes256-ctr'] }, { cipher: 'aes256-ctr', mac: 'hmac-sha2-256-etm@openssh.com' }],
      [{ cipher: ['chacha20-poly1305@openssh.com'] }, { cipher: 'chacha20-poly1305@openssh.com' }],
    ] as const) {
      const { body } = await only(one);
      expect(body).toMatchObject({ ok: true, negotiated: member });
    }
  });
});
