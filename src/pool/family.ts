import type { PoolEvent } from './events.ts';
import { violation } from './invariants.ts';
import { Pool } from './pool.ts';
import { snapshotOf } from './snapshot.ts';

/** What an event of a snapshot counts as. A type that is missing here, or too many, does not compile. */
const KINDS: Readonly<Record<PoolEvent['type'], string | undefined>> = {
  network_added: 'networks',
  network_updated: undefined,
  network_removed: undefined,
  reservation_added: 'reservations',
  reservation_removed: undefined,
  ip_allocated: 'allocations',
  ip_updated: undefined,
  ip_released: undefined,
  ip_remembered: 'remembered',
  cursor_moved: undefined,
  time_told: undefined,
};

/** Whether an event belongs to the pool. */
export function isPoolEvent(event: { readonly type: string }): event is PoolEvent {
  return Object.hasOwn(KINDS, event.type);
}

/** The event family of networks and addresses, with its state in a pool. */
export class PoolFamily {
  readonly name = 'pool';
  readonly types = Object.keys(KINDS) as PoolEvent['type'][];
  readonly pool: Pool;

  constructor(pool = new Pool()) {
    this.pool = pool;
  }

  violation(event: PoolEvent): string | undefined {
    return violation(this.pool, event);
  }

  apply(event: PoolEvent): void {
    this.pool.apply(event);
  }

  snapshot(): Iterable<PoolEvent> {
    return snapshotOf(this.pool);
  }

  get offline(): PoolOffline {
    return new PoolOffline(this.pool);
  }
}

/** What the offline commands need of the pool; see {@link ../store/families.ts}. */
class PoolOffline {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  empty(): PoolFamily {
    return new PoolFamily();
  }

  isEmpty(): boolean {
    return [...this.#pool.networks].length === 0;
  }

  kindOf({ type }: PoolEvent): string | undefined {
    return KINDS[type];
  }

  /**
   * Cooling ends with time and without an event, so two replays differ in it. Not all versions of a snapshot hold the
   * latest time and the times of a network.
   */
  afterReplay(event: PoolEvent): PoolEvent | undefined {
    if (event.type === 'ip_remembered' || event.type === 'time_told') return undefined;
    return event.type === 'network_added' ? { ...event, at: 0, updated_at: 0 } : event;
  }

  /** Every node of a cluster has a cursor of its own; whether an address was requested matters to the cursor only. */
  afterMove(event: PoolEvent): PoolEvent | undefined {
    if (event.type === 'cursor_moved') return undefined;
    if (event.type !== 'ip_allocated') return event;
    const { requested: _, ...rest } = event;
    return rest;
  }

  /** An allocation that contradicts another one: the release of that one is lost. */
  overrule(event: PoolEvent): void {
    if (event.type !== 'ip_allocated') return;
    const network = this.#pool.find(event.network);
    const offset = network?.offsetOf(event.ip);
    if (!network || offset === undefined) return;
    for (const stale of [network.byOffset(offset), network.byOwner(event)]) if (stale) network.remove(stale);
    if (violation(this.#pool, event) === undefined) this.#pool.apply(event);
  }

  export(): { networks: Iterable<object>; allocations: Iterable<object> } {
    const networks = [...this.#pool.networks].map(({ id, cidrText, gatewayText, settings }) => {
      return { id, cidr: cidrText, gateway: gatewayText, ...settings };
    });
    return { networks, allocations: exportedAllocations(this.#pool) };
  }
}

function* exportedAllocations(pool: Pool): Generator<object> {
  for (const network of pool.networks) {
    for (const { offset, vm_id, nic, allocated_at, attributes } of network.allocations()) {
      const at = new Date(allocated_at).toISOString();
      yield { network: network.id, ip: network.ipAt(offset), vm_id, nic, ...attributes, allocated_at: at };
    }
  }
}
