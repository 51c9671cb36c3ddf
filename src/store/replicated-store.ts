import type { Membership } from './membership.ts';
import type { Store } from './store.ts';

/** A store that several nodes share: their progress, their clocks, and who they are. */
export interface ReplicatedStore extends Store {
  /** The newest revision that has been delivered here. */
  readonly revision: number;
  /** Milliseconds to add to this machine's clock to get that of most nodes; 0 while it agrees. */
  readonly skew: number;
  /** The processes that keep the data, and the nodes that are alive. */
  readonly members: Membership;
  /** Resolves when a revision, and everything before it, has been delivered here. @throws PoolError `store_unavailable` */
  reached(revision: number): Promise<void>;
  /** Publishes facts about this node to the others. @param facts called anew for each publication */
  register(facts: () => object): void;
}
