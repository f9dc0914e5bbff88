import { describe, expect, it } from 'vitest';
import { ConfigError, exampleRelayToken, exampleSystemKey, readConfig } from '../../src/env.ts';

const production = {
  ENVIRONMENT: 'production',
  PUBLIC_URL: 'https://hub.school.example/',
  SYSTEM_KEY: 'a-system-key-of-more-than-32-characters',
  SEAL_KEYS: `k1:${btoa('k'.repeat(32))}`,
  MAIL_FROM: 'hub@school.example',
};

describe('the settings', () => {
  it('are those of production unless told', () => {
    const { ENVIRONMENT: _, ...unsaid } = production;
    expect(readConfig(unsaid)).toMatchObject({
      ENVIRONMENT: 'production',
      PUBLIC_URL: 'https://hub.school.example',
      RATE_LIMIT: 'on',
      TEST_CLOCK: 'off',
      ALLOW_LOOPBACK: 'off',
      DNS_RESOLVER: expect.stringMatching(/^https:/),
      MAX_UPLOAD_BYTES: 100_000_000,
    });
  });

  describe.each(['production', 'qa', undefined])('in the environment %s', (ENVIRONMENT) => {
    it.each([
      ['SYSTEM_KEY', exampleSystemKey],
      ['TEST_CLOCK', 'on'],
      ['ALLOW_LOOPBACK', 'on'],
      ['DNS_RESOLVER', 'off'],
      ['RATE_LIMIT', 'off'],
      ['RELAY_TOKEN', exampleRelayToken],
    ])('refuse %s = %s, which are for development', (name, value) => {
      const settings = { ...production, ENVIRONMENT, [name]: value };
      expect(() => readConfig(settings)).toThrow(ConfigError);
      expect(() => readConfig({ ...settings, ENVIRONMENT: 'development' })).not.toThrow();
    });
  });

  it.each([
    ['SYSTEM_KEY', undefined],
    ['SYSTEM_KEY', 'short'],
    ['SYSTEM_KEY', 'x'.repeat(201)],
    ['SEAL_KEYS', undefined],
    ['SEAL_KEYS', ''],
    ['SEAL_KEYS', 'k1'],
    ['SEAL_KEYS', `k1:${btoa('too short')}`],
    ['SEAL_KEYS', `k1:${btoa('k'.repeat(32))},k1:${btoa('l'.repeat(32))}`],
    ['PUBLIC_URL', undefined],
    ['PUBLIC_URL', 'hub.school.example'],
    ['PUBLIC_URL', 'ftp://hub.school.example'],
    ['MAIL_FROM', 'nobody'],
    ['ENVIRONMENT', 'Production'],
    ['TEST_CLOCK', 'yes'],
    ['OBJECT_STORE', 'azure'],
    ['OBJECT_STORE', 's3'],
    ['RELAY_TOKEN', 'short'],
    ['RELAY_URL', 'http://relay.school.example'],
    ['RELAY_URL', 'https://relay.school.example/path'],
    ['ACCESS_TEAM', 'http://team.cloudflareaccess.com'],
    ['ACCESS_TEAM', 'https://team.cloudflareaccess.com/path'],
    ['ACCESS_PEOPLE', '{}'],
    ['ACCESS_PEOPLE', '[{"who":"anna","role":"viewer","program":"a"}]'],
    ['ACCESS_PEOPLE', '[{"who":"anna@b.example","role":"viewer"}]'],
    ['ACCESS_PEOPLE', '[{"who":"anna@b.example","role":"operator","program":"a"}]'],
    ['ACCESS_PEOPLE', '[{"who":"*","role":"operator"}]'],
    ['MAX_UPLOAD_BYTES', '0'],
    ['MAX_UPLOAD_BYTES', 'many'],
  ])('refuse %s = %s, by name and without its value', (name, value) => {
    const settings = { ...production, [name]: value };
    expect(() => readConfig(settings)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(name === 'OBJECT_STORE' && value === 's3' ? 'S3_ENDPOINT' : name),
      }),
    );
    for (const secret of [production.SYSTEM_KEY, production.SEAL_KEYS, 'x'.repeat(201)]) {
      expect(() => readConfig(settings)).not.toThrow(
        expect.objectContaining({ message: expect.stringContaining(secret) }),
      );
    }
  });

  it('name everything that is wrong at once', () => {
    expect(() => readConfig({})).toThrow(/PUBLIC_URL.*SYSTEM_KEY.*SEAL_KEYS.*MAIL_FROM/);
  });
});
