import type { Pool } from '../pool/pool.ts';
import type { History } from '../store/history.ts';
import type { Store } from '../store/store.ts';
import { Allocations } from './allocations.ts';
import { Bulk } from './bulk.ts';
import { Changes } from './transactions.ts';
import { Chronicle } from './history.ts';
import type { Clock } from './clock.ts';
import { Intake } from './imports.ts';
import { Listing } from './listing.ts';
import { Networks } from './networks.ts';
import { Reconciliation } from './reclaim.ts';

/** All that can be asked of the service, by whichever door. */
export interface UseCases {
  readonly allocations: Allocations;
  readonly bulk: Bulk;
  readonly networks: Networks;
  readonly listing: Listing;
  readonly chronicle: Chronicle;
  readonly reconciliation: Reconciliation;
  readonly intake: Intake;
}

export interface UseCasesOptions {
  readonly pool: Pool;
  readonly store: Store;
  readonly history: History;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Allocations that one commit changes at most when they need not change together; undefined: the store sets no limit. */
  readonly atOnce?: number | undefined;
  /** For how long a change may take; milliseconds. Absent: as long as the store does. */
  readonly patienceMs?: number | undefined;
}

/** The use cases over a pool and where its events become durable. */
export function useCases({ pool, store, history, clock, random, atOnce, patienceMs }: UseCasesOptions): UseCases {
  const changes = new Changes({ pool, store, clock, atOnce, patienceMs });
  const allocations = new Allocations({ pool, changes, random });
  const listing = new Listing({ pool, changes });
  return {
    allocations,
    listing,
    bulk: new Bulk({ pool, changes, random, allocations, atOnce }),
    networks: new Networks({ pool, changes, random }),
    chronicle: new Chronicle({
      pool,
      history,
      listing,
      meant: (text) => changes.meant(text),
      now: () => changes.now(),
    }),
    reconciliation: new Reconciliation({ pool, changes, atOnce }),
    intake: new Intake({ pool, changes, random }),
  };
}
