import { ConfigError } from '../env.ts';
import { isTransient } from '../platform/d1.ts';
import { AppError, type ErrorCode } from '../platform/errors.ts';

/** The codes of S3's own that this door answers with, and their status (S3 API, "List of error codes"). */
const statuses = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3Code = keyof typeof statuses;

/** What an S3 client is told. `message` was written for it. */
export class S3Error extends Error {
  override name = 'S3Error';
  readonly code: S3Code;
  readonly headers: Record<string, string>;

  constructor(code: S3Code, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }

  get status(): number {
    return statuses[this.code];
  }
}

/** The door's one map from the hub's codes to S3's. */
const s3CodeOf = {
  invalid_input: 'InvalidArgument',
  malformed_json: 'InvalidRequest',
  unknown_job: 'InvalidRequest',
  filename_required: 'InvalidArgument',
  filename_invalid: 'InvalidArgument',
  file_not_found: 'NoSuchKey',
  notify_address_invalid: 'InvalidRequest',
  too_many_addresses: 'InvalidRequest',
  url_not_allowed: 'InvalidRequest',
  header_invalid: 'InvalidRequest',
  schema_invalid: 'InvalidRequest',
  cursor_invalid: 'InvalidArgument',
  program_required: 'InvalidRequest',
  idempotency_key_invalid: 'InvalidRequest',
  idempotency_key_refused: 'InvalidRequest',
  unauthorized: 'AccessDenied',
  forbidden: 'AccessDenied',
  not_found: 'NoSuchKey',
  method_not_allowed: 'MethodNotAllowed',
  conflict: 'InvalidRequest',
  expired: 'NoSuchKey',
  idempotency_in_progress: 'InvalidRequest',
  idempotency_mismatch: 'InvalidRequest',
  payload_too_large: 'EntityTooLarge',
  length_required: 'MissingContentLength',
  unsupported_media_type: 'InvalidRequest',
  range_not_satisfiable: 'InvalidRange',
  precondition_failed: 'PreconditionFailed',
  rate_limited: 'SlowDown',
  not_configured: 'NotImplemented',
  storage_full: 'ServiceUnavailable',
  probe_failed: 'ServiceUnavailable',
  unavailable: 'ServiceUnavailable',
  internal: 'InternalError',
} satisfies Record<ErrorCode, S3Code>;

/** Whatever was thrown, as a client may hear of it: the message of an unknown error stays unsaid. */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof AppError) {
    const code = s3CodeOf[error.code as keyof typeof s3CodeOf] ?? 'InternalError';
    return new S3Error(code, error.message, error.headers);
  }
  if (error instanceof ConfigError) {
    return new S3Error(
      'ServiceUnavailable',
      'The hub is not configured; its log says which settings are missing.',
    );
  }
  if (isTransient(error)) {
    return new S3Error('ServiceUnavailable', 'The database does not answer now. Try again in a moment.', {
      'retry-after': '5',
    });
  }
  return new S3Error('InternalError', 'Something failed on our side. Tell us the request id if it stays so.');
}
