import { PoolError } from '../../errors.ts';
import type { LiveNode, Member, Membership, MemberState } from '../membership.ts';
import { EtcdClient } from './client.ts';
import type { Tls } from './endpoint.ts';
import { available, EtcdError } from './failure.ts';
import { unavailable } from '../unavailable.ts';
import { type Keys, nodeOf } from './keys.ts';
import type * as Messages from './messages.ts';
import { at, within } from './operation.ts';

export interface EtcdMembershipOptions {
  readonly client: EtcdClient;
  readonly keys: Keys;
  readonly tls: Tls | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const TIMEOUT_MS = 1000;
const AGAIN_MS = 100;
const SAY_AGAIN = 50;

/** What a node tells the others of itself; see registration.ts. */
interface Told {
  readonly url: string;
  readonly version: string;
  readonly clock: number;
  /** Its own member, if it has one and that answers. */
  readonly member?: { readonly id: string; readonly state: MemberState };
}

/** What the member at an endpoint says. */
interface Answer {
  readonly id: string;
  readonly isLearner: boolean;
  readonly state: MemberState;
}

/**
 * The members of an etcd cluster. How each one is it says itself, at its client port; or, where that is for its own machine
 * only, the node says it that brings it along.
 */
export class EtcdMembership implements Membership {
  readonly #options: EtcdMembershipOptions;
  readonly #clients = new Map<string, EtcdClient>();

  constructor(options: EtcdMembershipOptions) {
    this.#options = options;
  }

  async cluster(): Promise<{ id: string; members: Member[] }> {
    const { client } = this.#options;
    // Without a leader the list is what one member remembers: better than none, for whoever looks what is wrong.
    const { header, members } = await available(client.members().catch(() => client.members({ linearizable: false })));
    const [told, places] = await Promise.all([this.#told().catch(() => []), this.#places().catch(() => new Map())]);
    const states = new Map(told.flatMap(({ member }) => (member ? [[member.id, member.state] as const] : [])));
    const found = members.map(async (member): Promise<Member> => {
      const [url = ''] = member.peerURLs;
      const address = url.replace(/^\w+:\/\//, '');
      return {
        id: hexOf(member.ID),
        node: member.name === '' ? ((places as Map<string, string>).get(address) ?? hexOf(member.ID)) : member.name,
        address,
        isLearner: member.isLearner,
        state: (await this.#ask(member)) ?? states.get(hexOf(member.ID)),
      };
    });
    return { id: hexOf(header.cluster_id), members: await Promise.all(found) };
  }

  async nodes(): Promise<LiveNode[]> {
    return (await available(this.#told())).map(({ node, url, version, clock }) => ({ node, url, version, clock }));
  }

  async add(node: string, address: string): Promise<void> {
    const { client, keys } = this.#options;
    // With the scheme that the others have.
    const { members } = await available(client.members());
    const scheme = members[0]?.peerURLs[0]?.startsWith('https:') === true ? 'https' : 'http';
    await available(client.put({ ...at(keys.place(node)), value: address }));
    await changing(client.addMember([`${scheme}://${address}`], true));
  }

  async promote(id: string): Promise<boolean> {
    try {
      await this.#options.client.promoteMember(decimalOf(id));
      return true;
    } catch (error) {
      if (error instanceof EtcdError) return false; // not yet
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    await changing(this.#options.client.removeMember(decimalOf(id)).then(nothing, unlessGone));
  }

  async fenceOff(node: string): Promise<boolean> {
    const { client, keys } = this.#options;
    const gone = [keys.fence(node), keys.node(node), keys.place(node)].map((key) => ({
      request_delete_range: at(key),
    }));
    const { responses } = await available(client.txn({ compare: [], success: gone, failure: [] }));
    return responses.some(({ response_delete_range: range }) => range !== undefined && range.deleted !== '0');
  }

  /** How a member says that it is; undefined when it does not answer. */
  async state(url: string): Promise<Answer | undefined> {
    return this.#state(url, () => false);
  }

  /**
   * Resolves when the member at an endpoint has a leader, and a vote.
   *
   * @param waiting told again and again what it lacks
   * @throws PoolError `store_unavailable` when it does not accept the certificate, or we do not accept its own
   */
  async takesPart(url: string, waiting: (what: string) => void): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#state(url, ({ isDistrust }) => isDistrust);
      if (answer?.state.leader !== undefined && !answer.isLearner) return;
      const lack = answer?.isLearner === true ? 'it has yet to catch up' : 'it waits for the other members';
      if (attempt % SAY_AGAIN === 0) waiting(lack);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async #state(url: string, isHopeless: (error: EtcdError) => boolean): Promise<Answer | undefined> {
    try {
      const status = await this.#client(url).status(url);
      return { id: hexOf(status.header.member_id), isLearner: status.isLearner, state: stateOf(status) };
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      if (isHopeless(error)) throw unavailable(error.message, error);
      return undefined;
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  /** At a loopback address another member may answer: ours. */
  async #ask({ ID, clientURLs }: Messages.Member): Promise<MemberState | undefined> {
    const answers = await Promise.all(clientURLs.map((url) => this.state(url)));
    return answers.find((answer) => answer?.id === hexOf(ID))?.state;
  }

  async #told(): Promise<(Told & { readonly node: string })[]> {
    const { client, keys } = this.#options;
    const { kvs } = await client.range(within(keys.family('node')));
    return kvs.flatMap((kv) => {
      const told = toldIn(kv);
      return told ? [{ node: nodeOf(kv.key), ...told }] : [];
    });
  }

  /** Nodes that were added, by the address of a member that has not told its name yet. */
  async #places(): Promise<Map<string, string>> {
    const { client, keys } = this.#options;
    const { kvs } = await client.range(within(keys.family('join')));
    // One that etcd refused has left its name behind: whoever came last is there.
    const inOrder = [...kvs].sort((a, b) => Number(a.mod_revision) - Number(b.mod_revision));
    return new Map(inOrder.map((kv) => [kv.value, nodeOf(kv.key)]));
  }

  #client(url: string): EtcdClient {
    const { tls, now } = this.#options;
    const known = this.#clients.get(url);
    if (known) return known;
    const made = new EtcdClient({ endpoints: [url], tls, timeoutMs: TIMEOUT_MS, now });
    this.#clients.set(url, made);
    return made;
  }
}

/** Undefined: no node tells that of itself. */
function toldIn({ value }: Messages.KeyValue): Told | undefined {
  try {
    const told = JSON.parse(value) as Told | null;
    return Number.isNaN(new Date(told?.clock ?? Number.NaN).getTime()) ? undefined : (told ?? undefined);
  } catch {
    return undefined;
  }
}

function stateOf(status: Messages.StatusResponse): MemberState {
  const { header, leader, version, raftTerm, raftIndex, raftAppliedIndex, dbSize, dbSizeInUse, errors } = status;
  // The list of alarms of its own goes through the leader, which may be what is missing.
  const alarms = errors.flatMap((error) => {
    const [, member, alarm] = /^memberID:(\d+) alarm:(\w+)/.exec(error) ?? [];
    return alarm !== undefined && member === header.member_id ? [alarm] : [];
  });
  return {
    leader: leader === '0' ? undefined : hexOf(leader),
    version,
    term: Number(raftTerm),
    index: Number(raftIndex),
    applied: Number(raftAppliedIndex),
    bytes: Number(dbSize),
    bytesInUse: Number(dbSizeInUse),
    alarms,
  };
}

/** What etcd says of a change of its members, in our words. */
async function changing<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    const { message } = error;
    const found = REFUSALS.find(({ said }) => said.test(message));
    if (!found) throw unavailable(message, error);
    throw new PoolError(found.code, found.message, { etcd: message }, error);
  }
}

const REFUSALS = [
  {
    said: /Peer URLs already exists|member ID already exist/,
    code: 'node_exists',
    message: 'A node with this address is a member already',
  },
  {
    said: /too many learner members/,
    code: 'quorum_at_risk',
    message: 'Another node is being added: wait until it has caught up, or remove it',
  },
  {
    said: /unhealthy cluster|not enough started members/,
    code: 'quorum_at_risk',
    message: 'The members that are up would be no majority then: nothing was changed. Bring the others up first',
  },
] as const;

const nothing = () => undefined;

/** A member is gone, too, when an attempt without an answer has removed it. */
function unlessGone(error: unknown): void {
  if (!(error instanceof EtcdError) || !/member not found|permanently removed/.test(error.message)) throw error;
}

/** Ids are 64 bits: decimal digits in messages of etcd, hex for people, as etcdctl shows them. */
function hexOf(id: string): string {
  return /^\d+$/.test(id) ? BigInt(id).toString(16) : id;
}

function decimalOf(hex: string): string {
  return BigInt(`0x${hex}`).toString();
}
