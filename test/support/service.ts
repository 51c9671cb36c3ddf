import assert from 'node:assert/strict';
import { type ErrorCode, PoolError } from '../../src/pool/errors.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import type { Held } from '../../src/service/allocations.ts';
import { createTestApp, NOW } from './app.ts';
import { HeldStore, settled } from './held-store.ts';

const SCOPE = { actor: 'anna', requestId: 'r-1' };
/** What another writer's events carry. */
export const ELSEWHERE = { network: 'default', nic: '', at: NOW, actor: 'elsewhere', request_id: 'r-2' } as const;

/** The service on a store that holds every commit back. By default it has five addresses, 10.0.0.2 to 10.0.0.6. */
export async function startService(cidr = '10.0.0.0/29') {
  const store = new HeldStore();
  const { allocations, pool } = await createTestApp({ cidr, store });
  const network = pool.network('default');
  const owner = (vm_id: string) => ({ vm_id, nic: '' });
  const commit = (index = 0) => store.commits[index] ?? assert.fail(`no commit ${index} is under way`);
  const allocate = (vm_id: string, hostname?: string) =>
    allocations.allocate(SCOPE, { network: 'default', owner: owner(vm_id), hostname });
  return {
    store,
    network,
    commit,
    allocate,
    release: (vm_id: string, ip?: string) =>
      allocations.release(SCOPE, { network: 'default', owner: owner(vm_id), ...(ip === undefined ? {} : { ip }) }),
    releaseByIp: (ip: string) => allocations.releaseByIp(SCOPE, { network: 'default', ip }),
    get: (vm_id: string) => allocations.get(SCOPE, { network: 'default', owner: owner(vm_id) }),
    /** Allocates durably, before the part that a test is about. */
    hold: async (vm_id: string, hostname?: string): Promise<string> => {
      const held = allocate(vm_id, hostname);
      await settled();
      commit().succeed();
      return ipOf(await held);
    },
    visible: () => [...pool.network('default').allocations()].map(({ vm_id }) => vm_id),
    counts: () => {
      const { total, allocated, available } = allocations.stats(SCOPE, 'default');
      return { total, allocated, available };
    },
  };
}

export const ipOf = ({ network, allocation }: Held) => network.ipAt(allocation.offset);
export const ipIn = (event: PoolEvent | undefined) => (event?.type === 'ip_allocated' ? event.ip : assert.fail());

export const rejects = (promise: Promise<unknown>, code: ErrorCode) =>
  assert.rejects(promise, (error) => error instanceof PoolError && error.code === code);

export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await settled();
  return (await Promise.race([promise.catch(() => undefined), Promise.resolve(pending)])) === pending;
}
