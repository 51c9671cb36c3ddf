import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { PoolError } from '../errors.ts';
import type { Pool } from '../pool/pool.ts';
import type { SearchOrigin } from '../service/search-origin.ts';
import type { Families } from '../store/families.ts';
import { Journal } from '../store/journal/journal.ts';
import { MemoryStore } from '../store/memory.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';
import type { Store } from '../store/store.ts';
import type { ClusterNode } from './cluster-node.ts';
import { word } from './offline.ts';

/** The journal may be twice as long as the state that it leads to: half as many snapshots, for a longer start. */
const COMPACT_RATIO = 2;
const DAY_MS = 24 * 60 * 60 * 1000;

interface StoreOptions {
  readonly config: Config;
  readonly pool: Pool;
  readonly families: Families;
  /** Required for a cluster. */
  readonly searchOrigin: SearchOrigin | undefined;
  /** Called when a journal has been read and before its folder is changed; throws to refuse the folder. */
  readonly accept: () => void;
  readonly fatal: (error: PoolError) => void;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The store that the settings choose, with what only a cluster has. It is not open yet. */
export interface OpenableStore {
  readonly store: Store;
  readonly cluster?: ReplicatedStore;
  readonly node?: ClusterNode;
}

export async function openableStore(options: StoreOptions): Promise<OpenableStore> {
  const { config, pool, searchOrigin, fatal, log, now } = options;
  if (!config.etcd || !searchOrigin) {
    return { store: config.memory ? new MemoryStore() : journalOf(options) };
  }
  // gRPC takes longer to load, and more memory, than everything that a sidecar needs.
  const { clusterParts } = await import('./cluster-node.ts');
  const { cluster, node } = clusterParts({
    endpoints: config.etcd,
    config,
    pool,
    searchOrigin,
    fatal,
    log: (level, facts, message) => log[level](facts, message),
    now,
    clock: () => performance.now(),
    word,
  });
  return { store: cluster, cluster, node };
}

function journalOf({ config, families, accept, fatal, log, now }: StoreOptions): Journal {
  return new Journal({
    dir: resolve(config.data),
    requireExisting: config.requireExisting,
    families,
    accept,
    fatal,
    log: (level, facts, message) => log[level](facts, message),
    now,
    compactBytes: config.compactBytes,
    compactRatio: COMPACT_RATIO,
    auditRetentionMs: config.auditRetention * DAY_MS,
  });
}
