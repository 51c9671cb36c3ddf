import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdGateway } from '../../support/etcd-gateway.ts';
import type { EtcdMember } from '../../support/etcd-member.ts';
import { type Etcd, startEtcd } from '../../support/etcd.ts';
import { type Delay, delays } from './delay.ts';
import { HERE, type Machine, machines } from './network.ts';
import { Node, type NodeProgram } from './node.ts';

/** Small, so that it can be filled quickly. */
const QUOTA_BYTES = 32 * 2 ** 20;

/** Three members and three nodes, each on its own machine. */
export class Cluster {
  readonly nodes: readonly Node[];
  readonly etcd: Etcd;
  /** The first node reaches each member through one of these. */
  readonly delays: readonly Delay[];
  readonly #machines: readonly Machine[];

  private constructor(etcd: Etcd, nodes: readonly Node[], delayed: readonly Delay[], all: readonly Machine[]) {
    this.etcd = etcd;
    this.nodes = nodes;
    this.delays = delayed;
    this.#machines = all;
  }

  /** @param program makes the command of a node from its members and its name */
  static async start(program: (endpoints: readonly string[], name: string) => NodeProgram): Promise<Cluster> {
    const all = machines(6);
    const etcd = await startEtcd({
      members: 3,
      places: all.slice(0, 3),
      flags: [`--quota-backend-bytes=${QUOTA_BYTES}`, '--heartbeat-interval=100', '--election-timeout=1000'],
    });
    const delayed = await delays(HERE.host, etcd.endpoints);
    const nodes = all.slice(3).map((machine, i) => {
      const endpoints = i === 0 ? delayed.map(({ url }) => url) : etcd.endpoints;
      return new Node(`n${i + 1}`, machine, program(endpoints, `n${i + 1}`));
    });
    await Promise.all(nodes.map((node) => node.start()));
    return new Cluster(etcd, nodes, delayed, all);
  }

  get members(): readonly EtcdMember[] {
    return this.etcd.members;
  }

  machineOf(member: EtcdMember): Machine {
    return this.#machines.find(({ host }) => host === member.host)!;
  }

  gateway(member: EtcdMember): EtcdGateway {
    return new EtcdGateway(member.url);
  }

  /** The leader according to the majority: a leader that was cut off may believe for a while that it still leads. */
  async leader(): Promise<EtcdMember> {
    for (;;) {
      const said = await Promise.all(
        this.members.map((member) =>
          this.gateway(member)
            .status()
            .catch(() => undefined),
        ),
      );
      const leads = said.findIndex(
        (one) => one !== undefined && said.filter((other) => other?.leader === one.memberId).length >= 2,
      );
      const leader = this.members[leads];
      if (leader) return leader;
      await sleep(50);
    }
  }

  async follower(): Promise<EtcdMember> {
    const leader = await this.leader();
    return this.members.find((member) => member !== leader)!;
  }

  /** Resolves with the new leader when a majority follows a member other than this one. */
  async otherLeader(than: EtcdMember): Promise<EtcdMember> {
    const end = Date.now() + 20_000;
    for (;;) {
      const leader = await this.leader();
      if (leader !== than) return leader;
      if (Date.now() > end) throw new Error(`${than.name} still leads`);
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill('SIGKILL')));
    for (const delay of this.delays) delay.close();
    await this.etcd.stop();
  }
}
