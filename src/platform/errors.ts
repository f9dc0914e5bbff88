/**
 * The closed set of codes that leave the hub in an error. Each door maps every code to its own wire
 * (HTTP status, S3 code, page) with `satisfies Record<ErrorCode, …>`, so a code without a mapping does
 * not compile.
 */
export const errorCodes = [
  // Input: always 400.
  'invalid_input',
  'malformed_json',
  'unknown_job',
  'filename_required',
  'filename_invalid',
  'file_not_found',
  'notify_address_invalid',
  'too_many_addresses',
  'url_not_allowed',
  'header_invalid',
  'schema_invalid',
  'cursor_invalid',
  'program_required',
  'idempotency_key_invalid',
  'idempotency_key_refused',
  // Who asks, and what for.
  'unauthorized',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'conflict',
  'expired',
  'idempotency_in_progress',
  'idempotency_mismatch',
  'payload_too_large',
  'length_required',
  'unsupported_media_type',
  'range_not_satisfiable',
  'precondition_failed',
  'rate_limited',
  // Theirs.
  'probe_failed',
  // Ours.
  'not_configured',
  'storage_full',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** One thing wrong with an input: where (`a.b[2]`), a code of its own, and what to do about it. */
export interface InputIssue {
  path: string;
  code: string;
  message: string;
  /** Where in a text of several lines; both count from 1, columns in UTF-16 code units. */
  line?: number;
  column?: number;
}

export interface AppErrorOptions {
  issues?: InputIssue[];
  /** Response headers that belong to the error, such as `retry-after`. */
  headers?: Record<string, string>;
  cause?: unknown;
}

/**
 * An error whose `message` was written for the caller. Everything else that is thrown is unknown, and a
 * door answers it with a request id alone: messages of libraries carry SQL, URLs and row content.
 */
export class AppError extends Error {
  override name = 'AppError';
  readonly code: ErrorCode;
  readonly issues: InputIssue[];
  readonly headers: Record<string, string>;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.issues = options.issues ?? [];
    this.headers = options.headers ?? {};
  }
}
