import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, toPage } from '../../src/platform/cursor.ts';
import { toBase64Url, utf8 } from '../../src/platform/encoding.ts';
import { AppError } from '../../src/platform/errors.ts';

const cursorOf = (text: string) => toBase64Url(utf8(text));

describe('a cursor', () => {
  it('brings back what it was made from', () => {
    expect(decodeCursor(encodeCursor(['ünïcode/~', 42]), 'string', 'number')).toEqual(['ünïcode/~', 42]);
    expect(decodeCursor(encodeCursor(['']), 'string')).toEqual(['']);
  });

  it('can stand in a URL as it is', () => {
    expect(encodeCursor(['???>>>~~~ÿÿÿ'])).toMatch(/^[\w-]+$/);
  });

  it.each([
    ['nothing', ''],
    ['no base 64', '%%%'],
    ['no JSON', cursorOf('job_1')],
    ['no list', cursorOf('{"0":"a"}')],
    ['a null', cursorOf('[null]')],
    ['too few values', cursorOf('[]')],
    ['too many values', cursorOf('["a","b"]')],
    ['a value of another kind', cursorOf('[1]')],
    ['a list in a list', cursorOf('[["a"]]')],
    ['broken UTF-8', toBase64Url(new Uint8Array([0x5b, 0x22, 0xff, 0x5d]))],
  ])('that holds %s is refused', (_, text) => {
    expect(() => decodeCursor(text, 'string')).toThrow(
      expect.objectContaining({ code: 'cursor_invalid', name: 'AppError' }),
    );
    expect(() => decodeCursor(text, 'string')).toThrow(AppError);
  });

  it.each(['1e400', '-1e999'])('that holds the number %s is refused: no sequence is endless', (number) => {
    expect(() => decodeCursor(cursorOf(`[${number}]`), 'number')).toThrow(AppError);
  });
});

describe('a page', () => {
  const page = (rows: number[], limit: number) =>
    toPage(
      rows,
      limit,
      (row) => `row ${row}`,
      (row) => [row],
    );

  it('goes on when there is one row more than asked for', () => {
    const { items, nextCursor } = page([1, 2, 3], 2);
    expect(items).toEqual(['row 1', 'row 2']);
    expect(decodeCursor(nextCursor ?? '', 'number')).toEqual([2]);
  });

  it('ends when there is none', () => {
    expect(page([1, 2], 2)).toEqual({ items: ['row 1', 'row 2'], nextCursor: null });
    expect(page([], 2)).toEqual({ items: [], nextCursor: null });
  });
});
