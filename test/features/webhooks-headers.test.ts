import { describe, expect, it } from 'vitest';
import { checkHeaders } from '../../src/features/webhooks/headers.ts';
import { matchesPattern } from '../../src/features/webhooks/schema.ts';
import { AppError } from '../../src/platform/errors.ts';

/** The codes of what is refused; none where all of it is taken. */
function refusals(headers: Record<string, string>): string[] {
  try {
    checkHeaders(headers);
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return (error.issues ?? []).map(({ code }) => code);
  }
}

describe('the custom headers of an endpoint', () => {
  it('are kept by their names in lower case', () => {
    expect(checkHeaders({ Authorization: 'Bearer a b', 'X-School_1': '~' })).toEqual({
      authorization: 'Bearer a b',
      'x-school_1': '~',
    });
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('may be called %s', (name) => {
    expect(checkHeaders({ [name]: 'x' })).toEqual({ [name.toLowerCase()]: 'x' });
  });

  it('lose none, not even one called __proto__', () => {
    const checked = checkHeaders(JSON.parse('{"__proto__": "x", "b": "y"}'));
    expect(Object.entries(checked)).toEqual([
      ['__proto__', 'x'],
      ['b', 'y'],
    ]);
  });

  it.each([
    ...['Host', 'Content-Length', 'Content-Type', 'content-encoding', 'Transfer-Encoding', 'Connection'],
    ...['Keep-Alive', 'TE', 'Trailer', 'Upgrade', 'Expect', 'Date', 'Via', 'Forwarded', 'User-Agent'],
    ...['Accept-Encoding', 'CDN-Loop', 'X-Real-IP', 'True-Client-IP', 'Set-Cookie', 'Range'],
    ...['webhook-id', 'Webhook-Signature', 'webhook-anything', 'svix-id', 'CF-Connecting-IP'],
    ...['X-Forwarded-For', 'X-Forwarded-Host', 'Proxy-Authorization', 'Sec-Fetch-Site'],
  ])('are never %s, which the hub or the way writes', (name) => {
    expect(refusals({ [name]: 'x' })).toEqual(['header_reserved']);
  });

  it.each([
    '',
    ' ',
    'a b',
    'a:',
    ':a',
    'é',
    'a\r\nb',
    'a\u0000',
    '(a)',
    'a,b',
    'a/b',
    '"a"',
    'x'.repeat(101),
  ])('have names that are tokens, unlike %j', (name) => {
    expect(refusals({ [name]: 'x' })).toEqual(['header_name']);
  });

  it.each([
    '',
    ' ',
    ' a',
    'a ',
    'a\r\nx-b: c',
    'a\nb',
    'a\u0000',
    'é',
    '\ud83d\ude00',
    '\t',
    'x'.repeat(2_001),
  ])('have values of printable ASCII, unlike %j', (value) => {
    expect(refusals({ 'x-a': value })).toEqual(['header_value']);
  });

  it('come once each, whatever the case, and twenty at most', () => {
    expect(refusals({ 'X-A': '1', 'x-a': '2' })).toEqual(['header_twice']);
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'y']));
    expect(refusals(many(20))).toEqual([]);
    expect(refusals(many(21))).toEqual(['too_many']);
  });

  it('are refused with every reason at once', () => {
    expect(refusals({ host: 'x', 'a b': 'x', 'x-ok': 'x', 'x-line': 'a\nb' })).toEqual([
      'header_reserved',
      'header_name',
      'header_value',
    ]);
  });
});

describe('a pattern of message types', () => {
  it.each([
    ['*', 'job.succeeded', true],
    ['job.*', 'job.succeeded', true],
    ['flow.*', 'flow.external_source.sync_requested', true],
    ['flow.external_source.*', 'flow.external_source.sync_requested', true],
    ['job.succeeded', 'job.succeeded', true],
    ['job.succeeded', 'job.failed', false],
    ['job.*', 'event.published', false],
    ['event.*', 'events.published', false],
    ['job.*', 'job', false],
  ])('%s for %s: %s', (pattern, type, wanted) => {
    expect(matchesPattern(pattern, type)).toBe(wanted);
  });
});
