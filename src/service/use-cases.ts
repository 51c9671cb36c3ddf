import type { Pool } from '../pool/pool.ts';
import type { Store } from '../store/store.ts';
import { Allocations } from './allocations.ts';
import { Bulk } from './bulk.ts';
import { Transactions } from './transactions.ts';
import { HistoryService } from './history.ts';
import type { Clock } from './clock.ts';
import { Imports } from './imports.ts';
import { Listing } from './listing.ts';
import { Networks } from './networks.ts';
import { Reclaim } from './reclaim.ts';
import { Visibility } from './visibility.ts';

/** Everything that the service does, for whoever calls it: HTTP now, other protocols later. */
export interface UseCases {
  readonly allocations: Allocations;
  readonly bulk: Bulk;
  readonly networks: Networks;
  readonly listing: Listing;
  readonly history: HistoryService;
  readonly reclaim: Reclaim;
  readonly imports: Imports;
}

export interface UseCasesOptions {
  readonly pool: Pool;
  readonly store: Store;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Allocations that one commit changes at most when they need not change together; undefined: the store sets no limit. */
  readonly atOnce?: number | undefined;
  /** For how long a change may take; milliseconds. Absent: as long as the store does. */
  readonly timeoutMs?: number | undefined;
}

/** Wires the use cases to a pool and the store that makes its events durable. */
export function useCases({ pool, store, clock, random, atOnce, timeoutMs }: UseCasesOptions): UseCases {
  const visibility = new Visibility(pool);
  const transactions = new Transactions({ pool, visibility, store, clock, atOnce, timeoutMs });
  const allocations = new Allocations({ pool, transactions, visibility, random });
  const listing = new Listing({ transactions, visibility });
  return {
    allocations,
    listing,
    bulk: new Bulk({ pool, transactions, visibility, random, allocations, atOnce }),
    networks: new Networks({ pool, transactions, visibility, random }),
    history: new HistoryService({ pool, history: store.history, listing, transactions, visibility }),
    reclaim: new Reclaim({ pool, transactions, visibility, atOnce }),
    imports: new Imports({ pool, transactions, visibility, random }),
  };
}
