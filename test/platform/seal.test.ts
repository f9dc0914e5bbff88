import { describe, expect, it } from 'vitest';
import { createSealer, SealError } from '../../src/platform/seal.ts';

const keyOf = (fill: string) => btoa(fill.repeat(32));
const first = `k1:${keyOf('a')}`;
const second = `k2:${keyOf('b')}`;
const identity = 'signing_secrets:sec_1:secret';

describe('a sealer', () => {
  it('opens what it sealed', async () => {
    const sealer = createSealer(first);
    for (const secret of ['hunter2', '', 'Zoë 💥\r\n', 'x'.repeat(100_000)]) {
      const sealed = await sealer.seal(secret, identity);
      expect(sealed).toMatch(/^k1\.[\w-]{16}\.[\w-]+$/);
      expect(await sealer.open(sealed, identity)).toBe(secret);
    }
  });

  it('never seals the same secret to the same text', async () => {
    const sealer = createSealer(first);
    expect(await sealer.seal('hunter2', identity)).not.toBe(await sealer.seal('hunter2', identity));
  });

  it('does not open what was moved to another row', async () => {
    const sealer = createSealer(first);
    const sealed = await sealer.seal('hunter2', identity);
    await expect(sealer.open(sealed, 'signing_secrets:sec_2:secret')).rejects.toThrow(SealError);
  });

  it('still opens under an old key, and seals under the new one', async () => {
    const old = await createSealer(first).seal('hunter2', identity);
    const rotated = createSealer(`${second},${first}`);
    expect(rotated.currentKeyId).toBe('k2');
    expect(await rotated.open(old, identity)).toBe('hunter2');
    expect(await rotated.seal('hunter2', identity)).toMatch(/^k2\./);
  });

  it('names the key that is missing, not what it sealed', async () => {
    const sealed = await createSealer(first).seal('hunter2', identity);
    const opening = createSealer(second).open(sealed, identity);
    await expect(opening).rejects.toThrow('The seal key "k1" is not among SEAL_KEYS');
    await expect(createSealer(second).open(sealed, identity)).rejects.not.toThrow(/hunter2/);
  });

  it('does not open under other bytes of the same key id', async () => {
    const sealed = await createSealer(first).seal('hunter2', identity);
    await expect(createSealer(`k1:${keyOf('c')}`).open(sealed, identity)).rejects.toThrow(SealError);
  });

  it('does not open under another key that the text is made to name', async () => {
    const sealed = await createSealer(first).seal('hunter2', identity);
    const sealer = createSealer(`${first},k2:${keyOf('a')}`);
    await expect(sealer.open(sealed.replace(/^k1/, 'k2'), identity)).rejects.toThrow(SealError);
  });

  it('notices every changed character', async () => {
    const sealer = createSealer(first);
    const sealed = await sealer.seal('hunter2', identity);
    for (let at = 'k1.'.length; at < sealed.length; at++) {
      if (sealed[at] === '.') continue;
      // The last character of base 64 may carry bits that no byte holds: half an alphabet away they differ.
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const other = alphabet[(alphabet.indexOf(sealed[at] ?? '') + 32) % 64];
      const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
      await expect(sealer.open(changed, identity), `character ${at}`).rejects.toThrow(SealError);
    }
  });

  it.each(['', 'k1', 'k1.', 'k1..', 'k1.aaaa', 'k1.a.b.c', '.a.b', 'k1.%%%.%%%', 'k1.AAAAAAAAAAAAAAAA.'])(
    'does not take %s for a sealed text',
    async (text) => {
      await expect(createSealer(first).open(text, identity)).rejects.toThrow(SealError);
    },
  );

  it.each([
    ['nothing', ''],
    ['no id', keyOf('a')],
    ['an empty id', `:${keyOf('a')}`],
    ['an id with a dot, which would cut the sealed text', `k.1:${keyOf('a')}`],
    ['no base 64', 'k1:%%%'],
    ['31 bytes', `k1:${btoa('a'.repeat(31))}`],
    ['33 bytes', `k1:${btoa('a'.repeat(33))}`],
    ['an empty second key', `${first},`],
    ['one id twice', `${first},k1:${keyOf('b')}`],
  ])('is not made from %s', (_, spec) => {
    expect(() => createSealer(spec)).toThrow(SealError);
  });

  it('never says the key in an error', () => {
    const secret = btoa('s'.repeat(31));
    expect(() => createSealer(`k1:${secret}`)).toThrow(expect.not.stringContaining(secret));
  });
});
