/** What may only be said of the newest state: looked at again behind a barrier. */
export const NEEDS_BARRIER = new Set([
  'pool_exhausted',
  'allocation_not_found',
  'network_not_found',
  'reservation_not_found',
  'address_mismatch',
  'address_taken',
  'address_reserved',
  'invalid_address',
  'network_in_use',
  'network_overlap',
  'network_exists',
  'network_draining',
  'reservation_overlap',
]);
