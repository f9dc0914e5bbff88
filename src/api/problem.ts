import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ErrorCode } from '../platform/errors.ts';
import { AppError } from '../platform/errors.ts';

/** The API's one map from codes to HTTP. */
export const httpStatus = {
  invalid_input: [400, 'Invalid input'],
  malformed_json: [400, 'Malformed JSON'],
  unknown_job: [400, 'Unknown job'],
  filename_required: [400, 'A file name is required'],
  filename_invalid: [400, 'Not a file name'],
  file_not_found: [400, 'The file is not in the folder'],
  notify_address_invalid: [400, 'Not an address to notify'],
  too_many_addresses: [400, 'Too many addresses'],
  url_not_allowed: [400, 'URL not allowed'],
  header_invalid: [400, 'Not a header'],
  schema_invalid: [400, 'Not a schema'],
  cursor_invalid: [400, 'Not a cursor of this list'],
  program_required: [400, 'Name the program'],
  idempotency_key_invalid: [400, 'Not an Idempotency-Key'],
  idempotency_key_refused: [400, 'No Idempotency-Key here'],
  unauthorized: [401, 'A key is needed'],
  forbidden: [403, 'Not allowed'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'Method not allowed'],
  conflict: [409, 'Conflict'],
  idempotency_in_progress: [409, 'The first request is still running'],
  expired: [410, 'Gone'],
  length_required: [411, 'Length required'],
  precondition_failed: [412, 'Precondition failed'],
  payload_too_large: [413, 'Too large'],
  unsupported_media_type: [415, 'Media type not supported'],
  range_not_satisfiable: [416, 'Range not satisfiable'],
  idempotency_mismatch: [422, 'Another request had this Idempotency-Key'],
  rate_limited: [429, 'Too many requests'],
  probe_failed: [502, 'The host gave no keys'],
  not_configured: [501, 'Not configured'],
  storage_full: [507, 'The database is nearly full'],
  unavailable: [503, 'Not available now'],
  internal: [500, 'Something failed on our side'],
} satisfies Record<ErrorCode, [ContentfulStatusCode, string]>;

/**
 * An error as `application/problem+json`. What is not an `AppError` gives nothing away but the request id.
 * `members` are the extension members of the route (RFC 9457, 3.2).
 */
export function toProblem(
  error: unknown,
  requestId: string,
  members: Record<string, unknown> = {},
): Response {
  const known =
    error instanceof AppError
      ? error
      : new AppError(
          'internal',
          `Something failed on our side. Tell us the request id ${requestId} if it stays so.`,
        );
  const [status, title] = httpStatus[known.code];
  const body = {
    type: `https://crosswalk.dev/problems/${known.code.replaceAll('_', '-')}`,
    title,
    status,
    detail: known.message,
    code: known.code,
    requestId,
    ...(known.issues.length === 0 ? {} : { errors: known.issues }),
    ...members,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'x-request-id': requestId,
      // RFC 9110, 11.6.1: every 401 says how to authenticate.
      ...(status === 401 ? { 'www-authenticate': 'Bearer realm="crosswalk"' } : {}),
      ...known.headers,
    },
  });
}
