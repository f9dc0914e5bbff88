import { fromBase64, toBase64Url, utf8 } from './encoding.ts';
import { AppError } from './errors.ts';

/** A list's place, opaque to callers: the sort values of the last item given out. */
export type CursorValues = (string | number)[];

export function encodeCursor(values: CursorValues): string {
  return toBase64Url(utf8(JSON.stringify(values)));
}

/** Throws `cursor_invalid` unless `text` is a cursor whose values have the `shape` of this list. */
export function decodeCursor<Shape extends ('string' | 'number')[]>(
  text: string,
  ...shape: Shape
): { [I in keyof Shape]: Shape[I] extends 'string' ? string : number } {
  let values: unknown;
  try {
    values = JSON.parse(new TextDecoder().decode(fromBase64(text)));
  } catch {
    values = undefined;
  }
  if (
    !Array.isArray(values) ||
    values.length !== shape.length ||
    // JSON reads 1e400 as infinity; what a list sorts by is text or a whole number.
    !shape.every((kind, i) =>
      kind === 'number' ? Number.isSafeInteger(values[i]) : typeof values[i] === kind,
    )
  ) {
    throw new AppError(
      'cursor_invalid',
      'This cursor is not one of this list. Begin again without a cursor.',
    );
  }
  return values as never;
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** Cuts the `limit + 1` rows a query gave into a page, and makes the cursor from the last one kept. */
export function toPage<Row, Item>(
  rows: Row[],
  limit: number,
  present: (row: Row) => Item,
  cursorOf: (row: Row) => CursorValues,
): Page<Item> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(cursorOf(last)) : null;
  return { items: kept.map(present), nextCursor };
}
