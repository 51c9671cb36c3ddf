import { PoolError } from '../errors.ts';
import type { LiveNode, Member, Membership } from '../store/membership.ts';
import type { Scope } from './scope.ts';

export interface ClusterOptions {
  readonly membership: Membership;
  /** Id of this node. */
  readonly node: string;
  /** Name of the cluster; undefined: the id that the store has for it. */
  readonly name: string | undefined;
  /** Whether each node runs a member, so that every learner belongs to one of our nodes. */
  readonly ownsMembers: boolean;
}

export interface ClusterState {
  readonly cluster: string;
  readonly node: string;
  /** The member that this node runs; undefined: it runs none. */
  readonly own: Member | undefined;
  readonly leader: Member | undefined;
  readonly members: readonly Member[];
  /** Processes that are alive; undefined: unknown at the moment. */
  readonly nodes: readonly LiveNode[] | undefined;
}

/** One in this many calls of {@link Cluster.tend} looks for learners that this node did not add. */
const LOOK = 10;

/** The use cases of the nodes of a cluster. */
export class Cluster {
  readonly #options: ClusterOptions;
  #calls = 0;
  #expects = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** @throws PoolError `node_not_found` when the scope is limited to networks */
  async status(scope: Scope): Promise<ClusterState> {
    refuseLimited(scope);
    const { membership, node, name } = this.#options;
    const [{ id, members }, nodes] = await Promise.all([
      membership.cluster(),
      membership.nodes().catch(() => undefined),
    ]);
    return {
      cluster: name ?? id,
      node,
      own: members.find((member) => member.node === node),
      leader: leaderOf(members),
      members,
      nodes,
    };
  }

  /**
   * Adds a member, which gets its vote when it has started and caught up.
   *
   * @throws PoolError `node_exists`, `quorum_at_risk`
   */
  async add(scope: Scope, node: string, address: string): Promise<void> {
    refuseLimited(scope);
    const { membership } = this.#options;
    const { members } = await membership.cluster();
    const double = members.find((member) => member.node === node || member.address === address);
    if (double) {
      const facts = { node_id: double.node, addr: double.address };
      throw new PoolError('node_exists', `Node ${double.node} is a member already, at ${double.address}`, facts);
    }
    await membership.add(node, address);
    this.#expects = true;
  }

  /**
   * Removes a member and fences its node off, so that nothing it writes takes effect; for a node without a member, only the
   * latter. The order matters: a node that is fenced off ends, which must not happen to one that etcd then refuses to
   * remove. If the first step succeeds and the second fails, a repeat that names the node finishes the removal.
   *
   * @param named a node, or the id or address of a member
   * @throws PoolError `node_not_found`, `quorum_at_risk`
   */
  async remove(scope: Scope, named: string): Promise<void> {
    refuseLimited(scope);
    const { membership } = this.#options;
    const { members } = await membership.cluster();
    const member = members.find(({ id, node, address }) => [node, id, address].includes(named));
    if (member && !member.isLearner) refuseLoss(members, member);
    if (member) await membership.remove(member.id);
    const wasKnown = await membership.fenceOff(member?.node ?? named);
    if (!member && !wasKnown) throw new PoolError('node_not_found', `There is no node ${named}`, { node_id: named });
  }

  /** Gives learners their vote. Called about every second; most calls do nothing. */
  async tend(): Promise<void> {
    const { membership, ownsMembers } = this.#options;
    const isTurn = this.#calls++ % LOOK === 0;
    if (!this.#expects && !(ownsMembers && isTurn)) return;
    const { members } = await membership.cluster();
    const learners = members.filter(({ isLearner }) => isLearner);
    const promoted = await Promise.all(learners.map(({ id }) => membership.promote(id)));
    this.#expects = promoted.includes(false);
  }
}

/** The nodes belong to no network, so a caller with a limited scope does not see them. */
function refuseLimited({ networks }: Scope): void {
  if (networks === undefined) return;
  throw new PoolError('node_not_found', 'No node is visible to this caller: its scope is limited to networks');
}

/** The leader that the newest term knows. */
function leaderOf(members: readonly Member[]): Member | undefined {
  const states = members.flatMap(({ state }) => (state?.leader === undefined ? [] : [state]));
  const newest = states.sort((a, b) => b.term - a.term)[0];
  return members.find(({ id }) => id === newest?.leader);
}

/** A majority of the remaining members has to be up. */
function refuseLoss(members: readonly Member[], leaving: Member): void {
  const rest = members.filter((member) => !member.isLearner && member !== leaving);
  const up = rest.filter(({ state }) => state !== undefined);
  const needed = Math.floor(rest.length / 2) + 1;
  if (up.length >= needed) return;
  const down = rest.filter(({ state }) => state === undefined).map(({ node }) => node);
  const why =
    rest.length === 0
      ? `Node ${leaving.node} is the only one`
      : `Without node ${leaving.node} the cluster would lose its quorum: of the ${rest.length} others, ${down.join(', ')} cannot be reached`;
  throw new PoolError('quorum_at_risk', `${why}. Nothing was changed`, { node_id: leaving.node, needed, down });
}
