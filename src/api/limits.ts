// Beside the schemas, so that who needs only the numbers does not wait for the schema library.

/** Requests of one bulk, and addresses of one list, at most. */
export const BULK_LIMIT = 10_000;
/** Addresses of one contiguous range, at most. */
export const COUNT_LIMIT = 65_536;
/** Bytes of a request body … */
export const BODY_LIMIT = 64 * 1024;
/** … and of one with a list of thousands. */
export const BULK_BODY_LIMIT = 8 * 1024 * 1024;
