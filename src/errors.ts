/** Everything that ippool may refuse or fail with. Closed: http/errors.ts and cli/exit.ts map every one. */
export type ErrorCode =
  // what was asked for
  | 'invalid_request'
  | 'invalid_address'
  | 'invalid_json'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'foreign_origin'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'network_not_found'
  | 'network_overlap'
  | 'network_exists'
  | 'network_in_use'
  | 'ambiguous_vrf'
  | 'network_draining'
  | 'reservation_not_found'
  | 'reservation_overlap'
  | 'allocation_not_found'
  | 'address_mismatch'
  | 'address_taken'
  | 'address_reserved'
  | 'pool_exhausted'
  | 'unsafe_reconcile'
  | 'import_refused'
  | 'node_not_found'
  | 'node_exists'
  | 'quorum_at_risk'
  // whether it can be done now
  | 'loading'
  | 'conflict'
  | 'commit_too_large'
  | 'position_gone'
  | 'store_unavailable'
  | 'storage_full'
  | 'internal'
  // why a start, or a command on a folder, is refused
  | 'usage'
  | 'data_corrupt'
  | 'data_io'
  | 'data_locked'
  | 'data_mismatch'
  | 'listen_failed'
  | 'member_ended';

/** The one error class. Code is for programs, message for people: it names the field and the remedy. */
export class PoolError extends Error {
  override readonly name = 'PoolError';
  readonly code: ErrorCode;
  /** Facts for programs, such as `{ field: 'vm_id' }`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}
