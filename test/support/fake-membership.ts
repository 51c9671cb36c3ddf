import type { LiveNode, Member, Membership } from '../../src/store/membership.ts';

/** Members that a test defines, and a record of the calls made. */
export class FakeMembership implements Membership {
  readonly members: Member[];
  readonly asked: string[] = [];
  /** Nodes that have a fence. */
  readonly fences = new Set<string>();
  /** Members that have caught up. */
  readonly ready = new Set<string>();

  constructor(members: readonly Member[]) {
    this.members = [...members];
  }

  cluster() {
    return Promise.resolve({ id: 'cafe', members: this.members });
  }

  nodes(): Promise<LiveNode[]> {
    return Promise.resolve([]);
  }

  add(node: string, address: string): Promise<void> {
    this.asked.push(`add ${node} ${address}`);
    this.members.push(member(node, { address, isLearner: true, state: undefined }));
    return Promise.resolve();
  }

  promote(id: string): Promise<boolean> {
    this.asked.push(`promote ${id}`);
    const index = this.members.findIndex((one) => one.id === id);
    const found = this.members[index];
    if (!found || !this.ready.has(id)) return Promise.resolve(false);
    this.members[index] = { ...found, isLearner: false };
    return Promise.resolve(true);
  }

  remove(id: string): Promise<void> {
    this.asked.push(`remove ${id}`);
    this.members.splice(
      this.members.findIndex((one) => one.id === id),
      1,
    );
    return Promise.resolve();
  }

  fenceOff(node: string): Promise<boolean> {
    this.asked.push(`fence ${node}`);
    return Promise.resolve(this.fences.delete(node));
  }
}

/** A member that is up and follows a1. */
export function member(node: string, more: Partial<Member> = {}): Member {
  const state = {
    leader: 'a1',
    version: '3.4.23',
    term: 2,
    index: 100,
    applied: 100,
    bytes: 4096,
    bytesInUse: 2048,
    alarms: [],
  };
  return { id: `a${node}`, node, address: `10.0.0.${node}:5001`, isLearner: false, state, ...more };
}
