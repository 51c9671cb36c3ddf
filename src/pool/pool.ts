import { parseAddress } from '../net/address.ts';
import { type Cidr, parseCidr } from '../net/cidr.ts';
import { parseRange } from '../net/range.ts';
import { Allocation } from './allocation.ts';
import { PoolError } from '../errors.ts';
import type { IpReleased, IpCooling, NetworkSettings, Owner, PoolEvent, ReservationAdded } from './events.ts';
import type { CoolingSpan } from './cooling-span.ts';
import { Network } from './network.ts';
import { NetworkIndex } from './network-index.ts';
import { AllocationRecords } from './allocation-records.ts';
import type { Reservation } from './reservation.ts';

/** All networks and what is allocated in them. State is changed by {@link Pool.apply} and by nothing else, time aside. */
export class Pool {
  readonly #networks = new NetworkIndex();
  readonly #records = new AllocationRecords();
  readonly #seed: number;
  #time = 0;

  /** @param seed of the hashes over owners; random where owners come from outside */
  constructor(seed = 0) {
    this.#seed = seed;
  }

  get networks(): Iterable<Network> {
    return this.#networks.all;
  }

  /** The latest time of an event; milliseconds since 1970. */
  get time(): number {
    return this.#time;
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

  /** The networks with a name or CIDR, at most one in each VRF. @param label a CIDR as {@link formatCidr} writes it */
  labelled(label: string): readonly Network[] {
    return this.#networks.labelled(label);
  }

  /** The networks that contain an address, at most one in each VRF; none when the text is not an address. */
  networksAt(ip: string, vrf?: string): readonly Network[] {
    const address = parseAddress(ip);
    return address ? this.#networks.containing(address, vrf) : [];
  }

  /** A network of a VRF that has an address in common with a CIDR. */
  overlapping(cidr: Cidr, vrf: string, except?: Network): Network | undefined {
    return this.#networks.overlapping(cidr, vrf, except);
  }

  /** Whether an allocation of a VRF has a MAC. */
  hasMac(mac: string, vrf: string): boolean {
    for (const network of this.#networks.all) if (network.vrf === vrf && network.byMac(mac).length > 0) return true;
    return false;
  }

  /** Lets time pass: what is no longer cooling is free. @param now milliseconds since 1970 */
  advance(now: number): void {
    for (const network of this.#networks.all) network.advance(now);
  }

  /**
   * Takes in what happened. The one path for replay, for our own writes and for other nodes' writes. Cannot fail: an
   * event that contradicts the state is found before, by {@link ./invariants.ts}.
   */
  apply(event: PoolEvent): void {
    if ('at' in event && event.at > this.#time) this.#time = event.at;
    if (event.type === 'network_added') {
      const cidr = parseCidr(event.cidr);
      if (!cidr) return;
      const shape = { cidr, gateway: gatewayOf(event.gateway), settings: settingsOf(event) };
      const network = new Network(event.network, shape, event.at, this.#records, this.#seed, event.vrf);
      network.updated_at = event.updated_at ?? event.at;
      this.#networks.add(network);
      return;
    }
    if (event.type === 'time_told') return;
    const network = this.#networks.get(event.network);
    if (!network) return;
    switch (event.type) {
      case 'network_updated': {
        const cidr = (event.cidr === undefined ? undefined : parseCidr(event.cidr)) ?? network.cidr;
        const gateway = event.gateway === undefined ? network.gateway : gatewayOf(event.gateway);
        this.#networks.unlabel(network);
        network.reshape({ cidr, gateway, settings: settingsOf(event) }, event.at);
        this.#networks.label(network);
        return;
      }
      case 'network_removed':
        this.#networks.remove(network);
        return;
      case 'reservation_added':
        network.reserve(reservationOf(network, event));
        return;
      case 'reservation_removed':
        network.unreserve(event.reservation);
        return;
      case 'ip_allocated': {
        const allocation = allocationOf(network, event);
        network.put(allocation);
        if (!event.requested) network.moveCursor(allocation.last);
        return;
      }
      case 'ip_updated': {
        const allocation = allocationAt(network, event);
        if (allocation) network.put(allocation.with(event));
        return;
      }
      case 'ip_released': {
        const allocation = allocationAt(network, event);
        if (allocation) network.remove(allocation, coolingSpanOf(network, event));
        return;
      }
      case 'ip_remembered': {
        const memory = coolingSpanOf(network, event);
        if (memory) network.cool(memory, event.superseded ?? false);
        return;
      }
      case 'cursor_moved':
        network.cursor = network.offsetOf(event.ip);
    }
  }
}

/** The record that an event of an owner leads to. */
export function allocationOf(network: Network, event: Extract<PoolEvent, { type: 'ip_allocated' }>): Allocation {
  const offset = network.offsetOf(event.ip) ?? 0n;
  return new Allocation(event, offset, lastOf(network, event, offset), event.at, event);
}

/** The allocation that an event speaks of. */
function allocationAt(network: Network, { ip }: { readonly ip: string }): Allocation | undefined {
  const offset = network.offsetOf(ip);
  return offset === undefined ? undefined : network.byOffset(offset);
}

function lastOf(network: Network, { end_ip }: { readonly end_ip?: string }, offset: bigint): bigint {
  return end_ip === undefined ? offset : (network.offsetOf(end_ip) ?? offset);
}

function coolingSpanOf(network: Network, event: IpReleased | IpCooling): CoolingSpan | undefined {
  const { vm_id, nic, key, cooling_until = 0, sticky_until = 0 } = event;
  const offset = network.offsetOf(event.ip);
  if (offset === undefined || (cooling_until === 0 && sticky_until === 0)) return undefined;
  const owner: Owner = key === undefined ? { vm_id, nic } : { vm_id, nic, key };
  return { ...owner, offset, last: lastOf(network, event, offset), cooling_until, sticky_until };
}

/** The reservation that an event adds. */
export function reservationOf(network: Network, event: ReservationAdded): Reservation {
  const range = parseRange(event.range);
  const { reservation: id, reason, vm_id, nic = '', expires_at, at: created_at } = event;
  return {
    id,
    first: (range?.first ?? 0n) - network.origin,
    last: (range?.last ?? 0n) - network.origin,
    reason,
    owner: vm_id === undefined ? undefined : { vm_id, nic },
    expires_at,
    created_at,
  };
}

function gatewayOf(text: string | null | undefined): bigint | undefined {
  return text === undefined || text === null ? undefined : parseAddress(text)?.value;
}

const SETTINGS = [
  'ranges',
  'name',
  'description',
  'tags',
  'cooldown_seconds',
  'sticky_seconds',
  'cooldown_policy',
  'drain',
] as const satisfies readonly (keyof NetworkSettings)[];

/** The settings, out of an event that holds more. */
export function settingsOf(event: NetworkSettings): NetworkSettings {
  const settings: Record<string, unknown> = {};
  for (const name of SETTINGS) if (event[name] !== undefined) settings[name] = event[name];
  return { excluded: event.excluded, strategy: event.strategy, ...settings };
}
