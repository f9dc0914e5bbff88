import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { newSigningSecret, signWebhook } from '../../src/platform/standard-webhooks.ts';
import official from '../contract/vectors/standard-webhooks.json' with { type: 'json' };

describe('signWebhook', () => {
  it('signs the official vector as every library of the specification does', async () => {
    const { secret, id, timestampSeconds, body, signature } = official;
    expect(await signWebhook([secret], { id, timestampSeconds, body })).toEqual({
      'webhook-id': id,
      'webhook-timestamp': String(timestampSeconds),
      'webhook-signature': signature,
    });
  });

  it('takes a secret with and without its prefix', async () => {
    const { secret, id, timestampSeconds, body, signature } = official;
    const headers = await signWebhook([secret.slice('whsec_'.length)], { id, timestampSeconds, body });
    expect(headers['webhook-signature']).toBe(signature);
  });

  it('is verified by the library that receivers use', async () => {
    const secret = newSigningSecret();
    const message = { id: 'msg_1', timestampSeconds: Math.floor(Date.now() / 1_000), body: '{"name":"Zoë"}' };
    const headers = await signWebhook([secret], message);
    expect(new Webhook(secret).verify(message.body, headers)).toEqual({ name: 'Zoë' });
    expect(() => new Webhook(secret).verify('{"name":"Zoe"}', headers)).toThrow();
    expect(() => new Webhook(secret).verify(message.body, { ...headers, 'webhook-id': 'msg_2' })).toThrow();
    expect(() => new Webhook(newSigningSecret()).verify(message.body, headers)).toThrow();
  });

  it('signs with both secrets while a rotation lasts, so that either verifies', async () => {
    const [fresh, old] = [newSigningSecret(), newSigningSecret()];
    const message = { id: 'msg_1', timestampSeconds: Math.floor(Date.now() / 1_000), body: '{}' };
    const headers = await signWebhook([fresh, old], message);
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2);
    for (const secret of [fresh, old]) {
      expect(new Webhook(secret).verify(message.body, headers)).toEqual({});
    }
  });
});

describe('newSigningSecret', () => {
  it('is 32 random bytes in base 64, of the 24 to 64 that the specification asks for', () => {
    const secret = newSigningSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSigningSecret()).not.toBe(secret);
  });
});
