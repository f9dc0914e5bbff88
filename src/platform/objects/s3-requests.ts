import { defaultContentType, type ObjectRange, resolveRange } from './store.ts';

export interface S3Request {
  operation: string;
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  key?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array | ReadableStream<Uint8Array> | string;
  /** Whether a second attempt may follow one whose outcome is unknown. */
  repeatable: boolean;
}

/** 409 (another write was under way), 429 and 503 say that nothing was done; after other failures something may have been. */
export function mayBeRepeated(status: number, repeatable: boolean): boolean {
  return [409, 429, 503].includes(status) || (repeatable && status >= 500 && status !== 501);
}

export function rangeHeader(range: ObjectRange): string {
  // HTTP can say neither an empty range nor a negative one.
  resolveRange(range, Number.MAX_SAFE_INTEGER);
  if ('suffix' in range) return `bytes=-${range.suffix}`;
  return `bytes=${range.offset}-${range.length === undefined ? '' : range.offset + range.length - 1}`;
}

export function contentTypeHeader(contentType = defaultContentType): Record<string, string> {
  return { 'content-type': contentType };
}
