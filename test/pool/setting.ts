import assert from 'node:assert/strict';
import { parseAddress } from '../../src/net/address.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { parseRange, type Range } from '../../src/net/range.ts';
import { type AllocationSpec, decideAllocate } from '../../src/pool/decide/allocate.ts';
import { decideAddNetwork, type NetworkSpec } from '../../src/pool/decide/network.ts';
import { decideRelease } from '../../src/pool/decide/release.ts';
import { decideReserve } from '../../src/pool/decide/reservation.ts';
import { PoolError } from '../../src/errors.ts';
import type { Origin, Owner, PoolEvent } from '../../src/pool/events.ts';
import { admit } from '../../src/pool/invariants.ts';
import type { Network } from '../../src/pool/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import { lowest } from '../../src/pool/strategy.ts';

export function rangesOf(texts: readonly string[]): Range[] {
  return texts.map((text) => parseRange(text)!);
}

export function ownerOf(text: string): Owner {
  const [vm_id = '', nic = ''] = text.split('/');
  return { vm_id, nic };
}

/** A pool, and what may happen in it, with a clock that is moved by hand. The strategy is lowest. */
export class Setting {
  readonly pool = new Pool();
  now = 1_000_000;

  get origin(): Origin {
    return { at: this.now, actor: 'test', request_id: 'r' };
  }

  add(
    id: string,
    cidr: string,
    { gateway, ...wish }: Omit<NetworkSpec, 'gateway'> & { gateway?: string } = {},
  ): Network {
    const value = gateway === undefined ? undefined : parseAddress(gateway)!;
    this.apply(decideAddNetwork(this.pool, id, { ...wish, cidr: parseCidr(cidr)!, gateway: value }, this.origin));
    return this.pool.network(id);
  }

  apply(events: readonly PoolEvent[]): void {
    for (const event of events) assert.equal(admit(this.pool, event), undefined);
  }

  pass(seconds: number): void {
    this.now += seconds * 1000;
    this.pool.advance(this.now);
  }

  decide(network: Network, owner: string, wish: Partial<AllocationSpec> = {}): PoolEvent[] {
    return decideAllocate(this.pool, network, { owner: ownerOf(owner), attributes: {}, ...wish }, lowest, this.origin);
  }

  /** What the owner gets, as a range. */
  allocate(network: Network, owner: string, wish: Partial<AllocationSpec> = {}): string {
    const [event] = this.decide(network, owner, wish);
    assert.ok(event?.type === 'ip_allocated');
    this.apply([event]);
    return event.end_ip === undefined ? event.ip : `${event.ip}-${event.end_ip}`;
  }

  release(network: Network, owner: string): void {
    this.now++;
    this.apply(decideRelease(network, network.byOwner(ownerOf(owner))!, 'released', this.origin));
  }

  reserve(network: Network, id: string, range: string, owner?: string): void {
    const wish = {
      range: parseRange(range)!,
      reason: `for ${id}`,
      owner: owner === undefined ? owner : ownerOf(owner),
    };
    this.apply(decideReserve(network, id, { ...wish, expires_at: undefined }, this.origin));
  }
}

/** The code of a refusal and what it tells to programs. */
export function refusalOf(decide: () => unknown): { code: string; details: Readonly<Record<string, unknown>> } {
  try {
    decide();
  } catch (error) {
    assert.ok(error instanceof PoolError, String(error));
    return { code: error.code, details: error.details };
  }
  return assert.fail('it was not refused');
}
