// Beside the schemas, so that who needs only the numbers does not wait for the schema library.

/** Requests of one bulk, and addresses of one list, at most. */
export const BULK_LIMIT = 10_000;
/** Addresses of one contiguous range, at most. */
export const COUNT_LIMIT = 65_536;
