// What a store that many nodes share tells about those who keep it, and about the nodes.

/** One of those who keep the data. */
export interface Member {
  /** As the store itself counts. */
  readonly id: string;
  /** The node that brings it along; its id while it has none. */
  readonly node: string;
  /** host:port where the others reach it. */
  readonly address: string;
  /** It receives everything, and has no vote yet. */
  readonly isLearner: boolean;
  /** Undefined: it does not answer, and nobody else told. */
  readonly state: MemberState | undefined;
}

/** How a member says that it is. */
export interface MemberState {
  /** Id of the leader that it follows; undefined: it knows of none. */
  readonly leader: string | undefined;
  readonly version: string;
  readonly term: number;
  /** Number of the last entry that it has … */
  readonly index: number;
  /** … and of the last one that it has carried out. */
  readonly applied: number;
  readonly bytes: number;
  readonly bytesInUse: number;
  /** Such as NOSPACE. */
  readonly alarms: readonly string[];
}

/** A process of ippool that is alive. */
export interface LiveNode {
  readonly node: string;
  readonly url: string;
  readonly version: string;
  /** What its clock says; milliseconds since 1970. */
  readonly clock: number;
}

/** Who keeps the data, and how that is changed. Every method throws `store_unavailable` when nobody can say. */
export interface Membership {
  /** Id of the cluster, as the store itself counts. */
  cluster(): Promise<{ readonly id: string; readonly members: readonly Member[] }>;
  nodes(): Promise<readonly LiveNode[]>;
  /** Adds a learner. @throws PoolError `node_exists`, `quorum_at_risk` */
  add(node: string, address: string): Promise<void>;
  /** Gives a learner its vote. @returns whether it had caught up */
  promote(id: string): Promise<boolean>;
  /** Removes a member; one that has gone meanwhile is removed. @throws PoolError `quorum_at_risk` */
  remove(id: string): Promise<void>;
  /** Lets nothing count any more that a node writes, and forgets it. @returns whether anything was known of it */
  fenceOff(node: string): Promise<boolean>;
}
