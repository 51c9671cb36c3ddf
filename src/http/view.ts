import type { NetworkAllocation } from '../api/allocations.ts';
import type {
  Network as NetworkAnswer,
  NetworkStats as StatsAnswer,
  Reservation as ReservationAnswer,
} from '../api/networks.ts';
import { formatRange } from '../net/range.ts';
import type { Allocation } from '../api/schema.ts';
import { parseAddress } from '../net/address.ts';
import { DEFAULT_VRF } from '../net/vrf.ts';
import type { LocatedAllocation } from '../service/located-allocation.ts';
import type { PastAllocation } from '../service/history.ts';
import { endOf } from '../service/tenure.ts';
import { AllocationIds } from '../service/allocation-id.ts';
import type { Network, NetworkStats, Reservation } from '../service/networks.ts';

/** A number as JSON has it: its digits as text where a double would not hold them. */
export function countOf(count: bigint): number | string {
  return count <= Number.MAX_SAFE_INTEGER ? Number(count) : count.toString();
}

/** What becomes a T as JSON, which leaves out what is undefined: one form of object for all is made fastest. */
export type Written<T> = T extends readonly (infer Entry)[]
  ? Written<Entry>[]
  : T extends object
    ? { [Name in keyof T]: Written<T[Name]> | (object extends Pick<T, Name> ? undefined : never) }
    : T;

/** What answers say of the things of the service. */
export class Views {
  readonly #ids = new AllocationIds();
  #lastAt = Number.NaN;
  #lastText = '';

  /** A time as text. Keeps that of the last time: under load many fall into one millisecond. */
  #time(at: number): string {
    if (at !== this.#lastAt) {
      this.#lastText = new Date(at).toISOString();
      this.#lastAt = at;
    }
    return this.#lastText;
  }

  readonly id = (held: LocatedAllocation): string => this.#ids.of(held);

  /** What the sidecar's door says of an allocation. */
  readonly sidecar = ({ network, allocation }: LocatedAllocation): Written<Allocation> => {
    const { vm_id, offset, allocated_at, attributes } = allocation;
    return {
      ip: network.ipAt(offset),
      vm_id,
      gateway: network.gatewayText ?? null,
      network: network.cidrText,
      prefix_length: network.cidr.prefixLength,
      hostname: attributes.hostname,
      allocated_at: this.#time(allocated_at),
    };
  };

  readonly allocation = (held: LocatedAllocation): Written<NetworkAllocation> => {
    const { network, allocation } = held;
    const { vm_id, nic, offset, last, size, allocated_at, attributes } = allocation;
    const { hostname = '', mac = null, description = '', tags = [], expires_at, prefix_length } = attributes;
    const ip = network.ipAt(offset);
    return {
      id: this.#ids.of(held),
      network_id: network.id,
      vrf: network.vrf,
      network: network.cidrText,
      ip,
      end_ip: last === offset ? undefined : network.ipAt(last),
      count: countOf(size),
      prefix: prefix_length === undefined ? undefined : `${ip}/${prefix_length}`,
      prefix_length: prefix_length ?? network.cidr.prefixLength,
      gateway: network.gatewayText ?? null,
      vm_id: vm_id === '' ? null : vm_id,
      nic,
      hostname,
      mac,
      description,
      tags: [...tags],
      status: 'allocated',
      allocated_at: this.#time(allocated_at),
      expires_at: expires_at === undefined ? null : this.#time(expires_at),
      released_at: null,
    };
  };

  readonly ended = ({ event, network }: PastAllocation): Written<NetworkAllocation> => {
    const { ip, end_ip, vm_id, nic, hostname = '', mac = null, description = '', tags = [] } = event;
    const { vrf = DEFAULT_VRF, at, allocated_at = at, expires_at, prefix_length } = event;
    const [first, last] = [parseAddress(ip), parseAddress(end_ip ?? ip)];
    return {
      id: this.#ids.ofDerived({ vrf, ip, allocated_at }),
      network_id: event.network,
      vrf,
      network: network?.cidrText ?? '',
      ip,
      end_ip,
      count: countOf((last?.value ?? 0n) - (first?.value ?? 0n) + 1n),
      prefix: prefix_length === undefined ? undefined : `${ip}/${prefix_length}`,
      prefix_length: prefix_length ?? network?.cidr.prefixLength ?? 0,
      gateway: network?.gatewayText ?? null,
      vm_id: vm_id === '' ? null : vm_id,
      nic,
      hostname,
      mac,
      description,
      tags: [...tags],
      status: event.reason === 'expired' ? 'expired' : 'released',
      allocated_at: this.#time(allocated_at),
      expires_at: expires_at === undefined ? null : this.#time(expires_at),
      released_at: this.#time(endOf(event)),
    };
  };

  readonly network = (network: Network): NetworkAnswer => {
    const { settings } = network;
    return {
      id: network.id,
      vrf: network.vrf,
      cidr: network.cidrText,
      family: network.cidr.family,
      gateway: network.gatewayText ?? null,
      name: settings.name ?? '',
      description: settings.description ?? '',
      tags: [...(settings.tags ?? [])],
      strategy: settings.strategy,
      cooldown_seconds: settings.cooldown_seconds ?? 0,
      sticky_seconds: settings.sticky_seconds ?? 0,
      cooldown_policy: settings.cooldown_policy ?? 'refuse',
      drain: settings.drain ?? false,
      ranges: [...(settings.ranges ?? [])],
      excluded: [...settings.excluded],
      created_at: this.#time(network.created_at),
      updated_at: this.#time(network.updated_at),
    };
  };

  readonly reservation = (network: Network, reservation: Reservation): ReservationAnswer => {
    const { id, first, last, reason, owner, expires_at, created_at } = reservation;
    const { family } = network.cidr;
    return {
      id,
      network_id: network.id,
      range: formatRange({ family, first: network.origin + first, last: network.origin + last }),
      reason,
      vm_id: owner?.vm_id ?? null,
      nic: owner?.nic ?? '',
      expires_at: expires_at === undefined ? null : this.#time(expires_at),
      created_at: this.#time(created_at),
    };
  };

  readonly stats = (stats: NetworkStats): StatsAnswer => {
    const { network, total, allocated, available, reserved, cooling } = stats;
    const givable = allocated + available + cooling;
    const floats =
      total > Number.MAX_SAFE_INTEGER
        ? {
            total_ips_float: Number(total),
            allocated_ips_float: Number(allocated),
            available_ips_float: Number(available),
            reserved_ips_float: Number(reserved),
            cooling_ips_float: Number(cooling),
          }
        : {};
    return {
      network_id: network.id,
      cidr: network.cidrText,
      total_ips: countOf(total),
      allocated_ips: countOf(allocated),
      available_ips: countOf(available),
      reserved_ips: countOf(reserved),
      cooling_ips: countOf(cooling),
      ...floats,
      utilization_percent: givable === 0n ? 0 : (Number(allocated) / Number(givable)) * 100,
      first_available: stats.first_available ?? null,
      last_allocated: stats.last_allocated ?? null,
    };
  };
}
