import { parseIPv4 } from '../net/address.ts';
import { parseCidr } from '../net/cidr.ts';
import { PoolError } from './errors.ts';
import type { PoolEvent } from './events.ts';
import { allocationOf, Network } from './network.ts';

/** All networks and what is allocated in them. State is changed by {@link Pool.apply} and by nothing else. */
export class Pool {
  readonly #networks = new Map<string, Network>();

  get networks(): Iterable<Network> {
    return this.#networks.values();
  }

  find(id: string): Network | undefined {
    return this.#networks.get(id);
  }

  /** The network of an id. @throws PoolError `network_not_found` */
  network(id: string): Network {
    const network = this.#networks.get(id);
    if (!network) throw new PoolError('network_not_found', `No network has the id ${id}`, { network: id });
    return network;
  }

  /**
   * Takes in what happened. The one path for replay, for our own writes and for other nodes' writes. Cannot fail: an
   * event that contradicts the state is found before, by {@link ./invariants.ts}.
   */
  apply(event: PoolEvent): void {
    if (event.type === 'network_added') {
      const cidr = parseCidr(event.cidr);
      const gateway = parseIPv4(event.gateway);
      if (cidr && gateway !== undefined) {
        this.#networks.set(event.network, new Network(event.network, cidr, gateway, settingsOf(event)));
      }
      return;
    }
    const network = this.#networks.get(event.network);
    if (!network) return;
    switch (event.type) {
      case 'network_updated':
        network.update(settingsOf(event));
        return;
      case 'ip_allocated': {
        const offset = network.offsetOf(event.ip);
        if (offset === undefined) return;
        network.put(allocationOf(event, offset, event.at));
        network.cursor = offset;
        return;
      }
      case 'ip_updated': {
        const allocation = network.byOwner(event);
        if (allocation) network.put(allocationOf(event, allocation.offset, allocation.allocated_at));
        return;
      }
      case 'ip_released': {
        const allocation = network.byOwner(event);
        if (allocation) network.remove(allocation);
        return;
      }
      case 'cursor_moved':
        network.cursor = network.offsetOf(event.ip) ?? -1;
    }
  }
}

function settingsOf({ excluded, strategy }: Extract<PoolEvent, { strategy: unknown }>): Network['settings'] {
  return { excluded, strategy };
}
