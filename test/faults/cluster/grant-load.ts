import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { GrantCaller, type Part } from './grant-caller.ts';
import type { Grant, GrantRecorder, Told } from './grants.ts';
import type { Node } from './node.ts';

/** Small, so that clients contend for addresses: 62 and 63 of them. */
const NETWORKS = { four: '10.10.0.0/26', six: 'fd00:9::/122' } as const;
const BOTH = ['four', 'six'] as const;
/** The network address, which is never allocated. */
const NEVER = '10.10.0.0';
/** Lifetime of leases, in seconds. */
const TTL = 2;
const AGAIN_MS = 50;

/**
 * Clients that request leases, ranges, lists, and both families at once. Each request is for a new VM, so that the fate
 * of an attempt without a response does not affect any other.
 */
export class GrantLoad {
  readonly #nodes: readonly Node[];
  readonly #caller: GrantCaller;
  readonly #random: Random;
  #wishes = 0;

  constructor(nodes: readonly Node[], recorder: GrantRecorder, random: Random) {
    this.#nodes = nodes;
    this.#caller = new GrantCaller(recorder);
    this.#random = random;
  }

  async prepare(): Promise<void> {
    for (const [name, cidr] of Object.entries(NETWORKS)) await this.#caller.addNetwork(this.#nodes[0]!, name, cidr);
  }

  /** The loop of one client, until it is stopped. */
  async wish(isStopped: () => boolean): Promise<void> {
    const parts = this.#parts();
    const given = await this.#given(parts, isStopped);
    for (const [i, part] of parts.entries()) {
      const grant = given[i]?.grant;
      if (grant) await this.#use(part, grant, isStopped);
    }
  }

  /** Waits until the last lease has expired. */
  async settled(): Promise<void> {
    await sleep(TTL * 1000 + 1000);
  }

  tell(node: Node): Promise<void> {
    return this.#caller.tell(node, BOTH);
  }

  close(): void {
    this.#caller.close();
  }

  /** One address; both families for one VM; or a list. */
  #parts(): readonly Part[] {
    const vm_id = `g${++this.#wishes}`;
    const dice = this.#random.next();
    if (dice < 0.4) return [{ ...this.#size(), vm_id, network: this.#random.pick(BOTH) }];
    const size = this.#size();
    if (dice < 0.65) return BOTH.map((network) => ({ ...size, vm_id, network }));
    return Array.from({ length: 2 + this.#random.below(3) }, (_, i) => ({
      ...this.#size(),
      vm_id: `${vm_id}-${i}`,
      network: this.#random.pick(BOTH),
    }));
  }

  #size(): Pick<Part, 'count' | 'ttl'> {
    const dice = this.#random.next();
    return {
      ...(dice < 0.5 ? { count: 2 + this.#random.below(3) } : {}),
      ...(this.#random.next() < 0.5 ? { ttl: TTL } : {}),
    };
  }

  async #given(parts: readonly Part[], isStopped: () => boolean): Promise<readonly Told[]> {
    const isDual = parts.length === 2 && parts[0]?.vm_id === parts[1]?.vm_id;
    const isAtomic = this.#random.next() < 0.5;
    const poison = { network: 'four', vm_id: `never-${this.#wishes}`, ip: NEVER };
    const list = isAtomic && this.#random.next() < 0.3 ? [...parts, poison] : parts;
    return this.#tried(isStopped, (node) => {
      if (isDual) {
        const { network: _, ...part } = parts[0]!;
        return this.#caller.dual(node, BOTH, part);
      }
      return parts.length === 1 ? this.#caller.one(node, parts[0]!) : this.#caller.bulk(node, list, isAtomic);
    });
  }

  /** Retries, on the next node, until the outcome is known. */
  async #tried(isStopped: () => boolean, ask: (node: Node) => Promise<readonly Told[]>): Promise<readonly Told[]> {
    const first = this.#random.below(this.#nodes.length);
    for (let attempt = 0; ; attempt++) {
      const told = await ask(this.#nodes[(first + attempt) % this.#nodes.length]!);
      if (isStopped() || told.every(({ outcome }) => outcome !== 'unknown')) return told;
      await sleep(AGAIN_MS);
    }
  }

  async #use(part: Part, grant: Grant, isStopped: () => boolean): Promise<void> {
    const node = () => this.#random.pick(this.#nodes);
    if (this.#random.next() < 0.5) await this.#caller.lookup(node(), part, grant);
    if (part.ttl !== undefined) {
      if (this.#random.next() < 0.5) await this.#caller.renew(node(), part, grant);
      // It expires. A later request finds nothing, or what another owner has.
      if (this.#random.next() < 0.7) return;
    }
    for (let isReleased = false; !isReleased;) {
      const [told] = await this.#tried(isStopped, async (one) => [await this.#caller.release(one, part, grant)]);
      isReleased = told?.outcome !== 'refused' || isStopped();
      if (!isReleased) await sleep(AGAIN_MS);
    }
  }
}
