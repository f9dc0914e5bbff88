import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../src/platform/tableschema/pattern.ts';

function matcher(source: string): (text: string) => boolean {
  const compiled = compilePattern(source);
  if ('code' in compiled) throw new Error(`${source}: ${compiled.message}`);
  return compiled.test;
}

function codeOf(source: string): string | undefined {
  const compiled = compilePattern(source);
  return 'code' in compiled ? compiled.code : undefined;
}

describe('a pattern', () => {
  it.each([
    ['a', ['a'], ['', 'aa', 'ba', 'ab']],
    ['^a.*$', ['a', 'apple'], ['banana', 'a\nb']],
    ['a|bc|', ['a', 'bc', ''], ['b', 'abc']],
    ['^a|b$', ['a', 'b'], ['ax', 'xb']],
    ['[A-Z]{2}\\d{3,4}', ['AB123', 'AB1234'], ['AB12', 'AB12345', 'Ab123']],
    ['(?:ab)?c+', ['c', 'abcc'], ['ab', 'abab']],
    ['(\\d{3}-)*\\d{4}', ['1234', '123-1234', '123-456-7890'], ['12-1234']],
    ['\\p{Lu}\\p{Ll}*', ['Éa', 'Ж'], ['éa', '1']],
    ['[^,;\\]]+', ['abc'], ['a,b', 'a]b', '']],
    ['\\w+\\-\\w+\\@x\\.y', ['a-b@x.y'], ['a-b@xzy']],
    ['.{3}', ['abc', '😀ab'], ['😀a', '😀abc']],
    ['\\u{1F600}\\x41\\u0042', ['😀AB'], ['😀A']],
    ['a{0}b{2,}?c*?', ['bb', 'bbbccc'], ['b', 'abb']],
    ['(a|b(c|d)){2}', ['aa', 'bca', 'bdbc'], ['a', 'b', 'aaa']],
    ['', [''], ['a']],
  ])('%j means the whole cell', (source, good, bad) => {
    const test = matcher(source);
    for (const text of good) expect([text, test(text)]).toEqual([text, true]);
    for (const text of bad) expect([text, test(text)]).toEqual([text, false]);
  });

  it('matches what a RegExp of the same pattern matches whole', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '[ab]',
      '[^a]',
      '.',
      '\\w',
      '(a|b)',
      '(ab|c)',
      '(?:a|)',
      '(?:(a?b){1,2})',
    );
    const part = fc
      .tuple(atom, fc.constantFrom('', '', '?', '{2}', '{1,3}', '{0,2}'))
      .map((parts) => parts.join(''));
    const loop = fc.tuple(
      fc.constantFrom('a', '[ab]', '.', '(a|bc)', '(?:ab)'),
      fc.constantFrom('*', '+', '{2,}'),
    );
    const source = fc
      .array(
        fc.oneof(
          part,
          loop.map((parts) => parts.join('')),
        ),
        { maxLength: 5 },
      )
      .map((parts) => parts.join(''));
    const sources = fc.array(source, { minLength: 1, maxLength: 3 }).map((branches) => branches.join('|'));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(sources, fc.array(text, { minLength: 5, maxLength: 5 }), (pattern, texts) => {
        const test = matcher(pattern);
        const oracle = new RegExp(`^(?:${pattern})$`, 'u');
        for (const sample of texts)
          expect([pattern, sample, test(sample)]).toEqual([pattern, sample, oracle.test(sample)]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['(', 'pattern_invalid'],
    ['[z-a]', 'pattern_invalid'],
    ['a{2,1}', 'pattern_invalid'],
    ['a**', 'pattern_invalid'],
    ['a$b', 'pattern_invalid'],
    ['[a-z-[aeiou]]', 'pattern_invalid'],
    ['\\i', 'pattern_invalid'],
    ['(a+)+', 'pattern_unsafe'],
    ['(a*)*', 'pattern_unsafe'],
    ['(?:x|(y{2,}))*', 'pattern_unsafe'],
    ['((a+b)c)+', 'pattern_unsafe'],
    ['(a)\\1', 'pattern_unsafe'],
    ['(?<n>a)\\k<n>', 'pattern_unsafe'],
    ['(?=a)a', 'pattern_unsafe'],
    ['(?!a)b', 'pattern_unsafe'],
    ['(?<=a)b', 'pattern_unsafe'],
    ['(?<!a)b', 'pattern_unsafe'],
    ['\\ba', 'pattern_unsafe'],
    ['a{2000}', 'pattern_too_large'],
    ['((a{50}){50}){50}', 'pattern_too_large'],
    ['(((){1000}){1000}){1000}', 'pattern_too_large'],
    ['a'.repeat(513), 'pattern_too_large'],
    [`${'('.repeat(30)}a${')'.repeat(30)}`, 'pattern_too_large'],
  ])('%j is refused: %s', (source, code) => {
    expect(codeOf(source)).toBe(code);
  });

  it('cannot be made to run long by a cell', () => {
    // Each of them takes a backtracking engine longer than the universe has been there.
    for (const source of ['(a|a)*b', '(a|aa)+b', '.*.*.*.*.*.*.*.*=x', '(?:a?){100}a{100}b']) {
      const test = matcher(source);
      for (let i = 0; i < 20; i++) expect(test('a'.repeat(1_024))).toBe(false);
    }
  });

  it('stays right when it has more states than are remembered', () => {
    const test = matcher('[ab]*a[ab]{12}');
    const oracle = /^[ab]*a[ab]{12}$/;
    let seed = 7;
    for (let i = 0; i < 50; i++) {
      const text = Array.from({ length: 300 }, () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed % 2 === 0 ? 'a' : 'b';
      }).join('');
      expect(test(text)).toBe(oracle.test(text));
    }
  });
});
