import type { ErrorCode } from '../errors.ts';

/** Errors that are only true of the newest state: the decision is repeated behind a barrier. */
export const NEEDS_BARRIER: ReadonlySet<ErrorCode> = new Set([
  'pool_exhausted',
  'allocation_not_found',
  'network_not_found',
  'reservation_not_found',
  'address_mismatch',
  'address_taken',
  'address_reserved',
  'invalid_address',
  'network_in_use',
  'ambiguous_vrf',
  'network_overlap',
  'network_exists',
  'network_draining',
  'reservation_overlap',
]);

/** Errors that an expired lease may cause. */
export const NEEDS_ROOM: ReadonlySet<ErrorCode> = new Set(['pool_exhausted', 'address_taken']);
