import assert from 'node:assert/strict';
import { parseCidr } from '../../src/net/cidr.ts';
import { type ErrorCode, PoolError } from '../../src/errors.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import type { AllocationRequest } from '../../src/service/allocations.ts';
import type { LocatedAllocation } from '../../src/service/located-allocation.ts';
import { type AppOptions, createTestApp, NOW } from './app.ts';
import { ManualStore, settled } from './manual-store.ts';

export const SCOPE = { actor: 'anna', requestId: 'r-1' };
/** The common fields of events that another writer committed. */
export const ELSEWHERE = { network: 'default', nic: '', at: NOW, actor: 'elsewhere', request_id: 'r-2' } as const;

/** A request of a VM in `default`, with overrides. */
export function wish(vm_id: string, more: Partial<AllocationRequest> = {}): AllocationRequest {
  return { network: 'default', owner: { vm_id, nic: '' }, attributes: {}, ...more };
}

/** The service on a store that delays every commit. By default it has five addresses, 10.0.0.2 to 10.0.0.6. */
export async function startService(cidr = '10.0.0.0/29', options: Omit<AppOptions, 'cidr' | 'store'> = {}) {
  const store = new ManualStore();
  const app = await createTestApp({ ...options, cidr, store });
  const { allocations, networks, listing, pool } = app;
  const network = pool.network('default');
  const owner = (vm_id: string) => ({ vm_id, nic: '' });
  const commit = (index = 0) => store.commits[index] ?? assert.fail(`no commit ${index} is pending`);
  const allocate = (vm_id: string, hostname?: string) =>
    allocations.allocate(SCOPE, wish(vm_id, { attributes: { hostname } }));
  /** Makes commits succeed, one after the other, until a change is done. */
  const durable = async <T>(change: Promise<T>): Promise<T> => {
    const ended = { yet: false };
    const end = () => (ended.yet = true);
    change.then(end, end);
    for (;;) {
      await settled();
      if (ended.yet) return change;
      commit().succeed();
    }
  };
  return {
    ...app,
    store,
    network,
    commit,
    durable,
    allocate,
    ask: (vm_id: string, more?: Partial<AllocationRequest>) => allocations.allocate(SCOPE, wish(vm_id, more)),
    askAll: (...requests: AllocationRequest[]) => allocations.allocateAll(SCOPE, requests),
    /** Adds a network and makes it durable. */
    add: (text: string, id: string, more = {}) => {
      const other = parseCidr(text) ?? assert.fail(text);
      return durable(networks.add(SCOPE, { cidr: other, ...more }, id));
    },
    release: (vm_id: string, ip?: string) =>
      allocations.release(SCOPE, { network: 'default', owner: owner(vm_id), ...(ip === undefined ? {} : { ip }) }),
    releaseByIp: (ip: string) => allocations.releaseByIp(SCOPE, { network: 'default', ip }),
    get: (vm_id: string) => listing.get(SCOPE, { network: 'default', owner: owner(vm_id) }),
    /** Allocates durably, to set up a test. */
    hold: async (vm_id: string, hostname?: string): Promise<string> => ipOf(await durable(allocate(vm_id, hostname))),
    visible: () => [...network.allocations()].map(({ vm_id }) => vm_id),
    counts: () => {
      const { allocated, available } = network;
      return { total: Number(allocated + available), allocated: Number(allocated), available: Number(available) };
    },
  };
}

export const ipOf = ({ network, allocation }: LocatedAllocation) => network.ipAt(allocation.offset);
export const ipIn = (event: PoolEvent | undefined) => (event?.type === 'ip_allocated' ? event.ip : assert.fail());

export const rejects = (promise: Promise<unknown>, code: ErrorCode) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof PoolError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });

export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await settled();
  return (await Promise.race([promise.catch(() => undefined), Promise.resolve(pending)])) === pending;
}
