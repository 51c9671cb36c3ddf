import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PoolError } from '../../../../src/errors.ts';
import type { PoolEvent } from '../../../../src/pool/events.ts';
import { MemoryStore } from '../../../../src/store/memory.ts';
import { Delivery, type Deliver } from '../../../../src/store/delivered.ts';
import type { Store, StoreHealth } from '../../../../src/store/store.ts';
import { type Change, EtcdGateway } from '../../../support/etcd-gateway.ts';

/**
 * - `compare`: one transaction, in which etcd compares.
 * - `read, then put`: the naive way. Two nodes may read before either puts.
 * - `send again`: one transaction, and another one if there is no response, although the first may still arrive.
 */
export type Mode = 'compare' | 'read, then put' | 'send again';

/** The keys of a commit: what it expects, and what it changes. */
interface Step {
  readonly expected: readonly (readonly [key: string, value: string | undefined])[];
  readonly changes: readonly Change[];
}

/**
 * A minimal store on etcd, for single addresses only. It does not handle unknown outcomes, and with any mode other than
 * `compare` it is wrong: the checker must find that.
 */
export class PlainStore implements Store {
  readonly #gateways: readonly EtcdGateway[];
  /** Stays empty. */
  readonly history = new MemoryStore().history;
  readonly #mode: Mode;
  readonly #first: readonly PoolEvent[];
  readonly #closing = new AbortController();
  #current = 0;
  /** Everything up to this revision has been delivered. */
  #revision = 0;
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  /** @param first what precedes everything in etcd: the network */
  constructor(endpoints: readonly string[], mode: Mode, first: readonly PoolEvent[]) {
    this.#gateways = endpoints.map((url) => new EtcdGateway(url, 1_000));
    this.#mode = mode;
    this.#first = first;
  }

  async open(deliver: Deliver): Promise<void> {
    deliver(new Delivery(0, 'replay', this.#first));
    await this.#catchUp(deliver);
    void this.#follow(deliver);
  }

  async commit(events: readonly PoolEvent[]): Promise<void> {
    const steps = events.map(stepOf);
    const expected = steps.flatMap((step) => step.expected);
    const event: Change = { put: [`ev/${randomUUID()}`, JSON.stringify(events)] };
    const changes = [...steps.flatMap((step) => step.changes), event];
    const transact = async (etcd: EtcdGateway) => {
      const { succeeded, revision } = await etcd.change(changes, expected);
      return succeeded ? revision : undefined;
    };
    const put = async (etcd: EtcdGateway) => {
      for (const [key, value] of expected) {
        const { entries } = await etcd.range(key);
        if (entries.find((entry) => entry.key === key)?.value !== value) return undefined;
      }
      return (await etcd.change(changes)).revision;
    };
    const revision = await this.#try(this.#mode === 'read, then put' ? put : transact).catch((error: unknown) => {
      if (this.#mode === 'send again') return this.#try(transact);
      throw error;
    });
    if (revision === undefined) {
      await this.barrier();
      throw new PoolError('conflict', 'Another node committed first');
    }
    await this.#delivered(revision);
  }

  async barrier(): Promise<void> {
    const { entries } = await this.#try((etcd) => etcd.range('ev/', { since: this.#revision + 1 }));
    await this.#delivered(entries.at(-1)?.modRevision ?? 0);
  }

  health(): StoreHealth {
    return { writable: true, reason: 'ok' };
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  async #catchUp(deliver: Deliver): Promise<void> {
    const { entries } = await this.#try((etcd) => etcd.range('ev/', { since: this.#revision + 1 }));
    for (const { value, modRevision } of entries) this.#deliver(deliver, value, modRevision);
  }

  async #follow(deliver: Deliver): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      // A watch on a member that is cut off would be silent forever: restart it every second.
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(1_000)]);
      await this.#etcd
        .watch('ev/', this.#revision + 1, (put) => this.#deliver(deliver, put.value, put.modRevision), timeout)
        .catch(() => undefined);
      await this.#catchUp(deliver).catch(() => sleep(50));
    }
  }

  #deliver(deliver: Deliver, value: string, revision: number): void {
    if (revision <= this.#revision) return;
    deliver(new Delivery(revision, 'other', JSON.parse(value) as PoolEvent[]));
    this.#revision = revision;
    for (const { resolve } of this.#waiting.filter((waiting) => waiting.revision <= revision)) resolve();
    this.#waiting = this.#waiting.filter((waiting) => waiting.revision > revision);
  }

  #delivered(revision: number): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ revision, resolve }));
  }

  get #etcd(): EtcdGateway {
    return this.#gateways[this.#current % this.#gateways.length]!;
  }

  async #try<T>(call: (etcd: EtcdGateway) => Promise<T>): Promise<T> {
    try {
      return await call(this.#etcd);
    } catch (error) {
      this.#current++;
      throw new PoolError('store_unavailable', 'etcd does not respond', {}, error);
    }
  }
}

function stepOf(event: PoolEvent): Step {
  if (event.type !== 'ip_allocated' && event.type !== 'ip_released') throw new Error(`no ${event.type} here`);
  const ip = `ip/${event.ip}`;
  const vm = `vm/${event.vm_id}`;
  if (event.type === 'ip_released') {
    return { expected: [[vm, event.ip]], changes: [{ remove: ip }, { remove: vm }] };
  }
  return {
    expected: [
      [ip, undefined],
      [vm, undefined],
    ],
    changes: [{ put: [ip, event.vm_id] }, { put: [vm, event.ip] }],
  };
}
