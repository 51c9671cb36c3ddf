import type { Config } from '../config/load.ts';
import { noteApiUrl } from '../etcd-member/api-url.ts';
import { endpointOf } from '../config/cluster-settings.ts';
import { Member } from '../etcd-member/process.ts';
import type { PoolError } from '../errors.ts';
import type { Pool } from '../pool/pool.ts';
import { allocationAfter, cooldownAfter, networkAfter, snapshotOf } from '../pool/snapshot.ts';
import { thisProcess } from '../host/process-identity.ts';
import type { SearchOrigin } from '../service/search-origin.ts';
import { Cluster } from '../service/cluster.ts';
import { EtcdClient } from '../store/etcd/client.ts';
import { Image } from '../store/etcd/image.ts';
import { Keys } from '../store/etcd/keys.ts';
import { EtcdMembership } from '../store/etcd/membership.ts';
import { EtcdStore } from '../store/etcd/store.ts';
import type { Membership } from '../store/membership.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';
import { packageVersion } from '../host/version.ts';

// What a node of a cluster has that a sidecar does without.

export interface ClusterOptions {
  /** Where etcd answers. */
  readonly endpoints: readonly string[];
  readonly config: Config;
  readonly pool: Pool;
  readonly searchOrigin: SearchOrigin;
  /** Told when the process has to end: the node's own member has ended, or another one writes as this node. */
  readonly fatal: (error: PoolError) => void;
  readonly log: (level: 'info' | 'warn', facts: object, message: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds, never going back. */
  readonly clock: () => number;
  /** A word that nobody has ever had. */
  readonly word: () => string;
}

const TEND_MS = 1000;
/** Of how many turns one looks how the own member is: as often as it is told. */
const LOOK = 5;
const DAY_MS = 24 * 60 * 60 * 1000;
/** For a page of a migration. */
const MIGRATION_MS = 10_000;

/** Where all nodes write to, and read what the others write. */
function clusterStore(options: ClusterOptions, members: Membership): EtcdStore {
  const { endpoints, config, pool, searchOrigin: searchOrigin, fatal, log, now, clock, word } = options;
  return new EtcdStore({
    client: new EtcdClient({ endpoints, tls: config.etcdTls, now }),
    prefix: config.etcdPrefix,
    node: config.nodeId,
    self: thisProcess(),
    afterwards: {
      allocation: (event) => allocationAfter(pool, event),
      memories: (event) => cooldownAfter(pool, event),
      network: (event) => networkAfter(pool, event),
    },
    state: () => snapshotOf(pool),
    members,
    overtaken: (events) => searchOrigin.overtaken(events),
    fatal,
    log,
    // A node that was away catches up from these records.
    retentionMs: Math.max(config.auditRetention, 1) * DAY_MS,
    now,
    clock,
    word,
  });
}

/** Works on all that etcd holds, as the settings name it, while no node runs. */
export async function withImage<T>(
  { etcd: endpoints = [], etcdTls: tls, etcdPrefix }: Config,
  { now, word }: Pick<ClusterOptions, 'now' | 'word'>,
  work: (image: Image) => Promise<T>,
): Promise<T> {
  const client = new EtcdClient({ endpoints, tls, timeoutMs: MIGRATION_MS, now });
  try {
    return await work(new Image(client, etcdPrefix, word()));
  } finally {
    client.close();
  }
}

/** The shared store and this node's part in it. */
export function clusterParts(options: ClusterOptions): { cluster: ReplicatedStore; node: ClusterNode } {
  const node = new ClusterNode(options);
  return { cluster: clusterStore(options, node.members), node };
}

/** What a node of a cluster has beside its store: its own member, if it brings one along, and the list of all of them. */
export class ClusterNode {
  readonly #options: ClusterOptions;
  readonly #client: EtcdClient;
  readonly #membership: EtcdMembership;
  readonly #member: Member | undefined;
  readonly #endpoint: string | undefined;
  readonly cluster: Cluster;
  #own: Awaited<ReturnType<EtcdMembership['state']>>;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClusterOptions) {
    const { endpoints, config, fatal, log, now, clock } = options;
    const { member: settings, etcdTls: tls } = config;
    this.#options = options;
    this.#client = new EtcdClient({ endpoints, tls, now });
    this.#membership = new EtcdMembership({ client: this.#client, keys: new Keys(config.etcdPrefix), tls, now });
    this.#member = settings && new Member({ ...settings, fatal, log, clock });
    this.#endpoint = settings && endpointOf(settings);
    this.cluster = new Cluster({
      membership: this.#membership,
      node: config.nodeId,
      name: settings && String(settings.file.cluster_id),
      ownsMembers: settings !== undefined,
    });
  }

  get members(): Membership {
    return this.#membership;
  }

  /** Resolves when the own member takes part; without one at once. */
  async open(): Promise<void> {
    const { log } = this.#options;
    if (!this.#member || this.#endpoint === undefined) return;
    await this.#member.start();
    await this.#membership.takesPart(this.#endpoint, (lack) => {
      log('warn', {}, `the own member of etcd does not take part yet: ${lack}`);
    });
  }

  /** The node answers now. */
  async serve(url: string): Promise<void> {
    let turn = 0;
    const tend = async () => {
      if (this.#endpoint !== undefined && turn++ % LOOK === 0) this.#own = await this.#membership.state(this.#endpoint);
      await this.cluster.tend();
    };
    const tendAtLast = () => void tend().catch(() => undefined); // tried again
    this.#timer = setInterval(tendAtLast, TEND_MS).unref();
    await tend().catch(() => undefined);
    const { member } = this.#options.config;
    if (member) await noteApiUrl(member.file.data_dir, url);
  }

  /** What the other nodes are told about this one. */
  facts(url: string): object {
    return { url, version: packageVersion(), member: this.#own };
  }

  /** Behind the store: that still needs the member. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#membership.close();
    this.#client.close();
    await this.#member?.stop();
  }
}
