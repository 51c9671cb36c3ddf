import type { Allocation } from '../pool/allocation.ts';
import type { Network } from '../pool/network.ts';

/** An allocation together with the network that it belongs to. */
export interface LocatedAllocation {
  readonly network: Network;
  readonly allocation: Allocation;
}
