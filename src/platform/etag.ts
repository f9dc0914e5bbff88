/** The `ETag` of what is changed as a whole, for `If-Match` of a change that was made from it (RFC 9110, 13.1.1). */
export const versionTag = (updatedAtMs: number): string => `"${updatedAtMs}"`;
