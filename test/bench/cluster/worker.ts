import { randomBytes, randomInt } from 'node:crypto';
import { firstHost, parseCidr } from '../../../src/net/cidr.ts';
import { PoolError } from '../../../src/errors.ts';
import { Pool } from '../../../src/pool/pool.ts';
import { allocationAfter, cooldownAfter, networkAfter } from '../../../src/pool/snapshot.ts';
import { SearchOrigin } from '../../../src/service/search-origin.ts';
import { Clock } from '../../../src/service/clock.ts';
import { useCases } from '../../../src/service/use-cases.ts';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { isAbsent, put } from '../../../src/store/etcd/operation.ts';
import { thisProcess } from '../../../src/host/process-identity.ts';
import { EtcdStore } from '../../../src/store/etcd/store.ts';
import { EtcdMembership } from '../../../src/store/etcd/membership.ts';
import { Keys } from '../../../src/store/etcd/keys.ts';
import { familiesOf } from '../../support/families.ts';
import { Applier } from '../../../src/service/applier.ts';

// One of the processes of the cluster benchmark: writes to etcd itself, plainly or as a node without its door.

export interface Order {
  /** `plain`: a transaction of two keys for each request. `service`: what a node does. */
  readonly kind: 'plain' | 'service';
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly cidr: string;
  readonly node: string;
}

export interface Run {
  readonly callers: number;
  /** Ends earlier when the network is full. */
  readonly seconds: number;
}

export interface Count {
  done: number;
  conflicts: number;
  failed: number;
  /** The slowest request, milliseconds. */
  worst: number;
  seconds: number;
}

let next = 0;

/** Somewhere to allocate, until it is closed. */
interface Place {
  readonly node: string;
  readonly allocate: (vm: string) => Promise<unknown>;
  /** Conflicts until now. */
  readonly conflicts: { count: number };
  readonly close: () => Promise<void>;
}

let place: Place | undefined;

async function work(message: Order | Run): Promise<Count | 'ready'> {
  if ('kind' in message) {
    await place?.close();
    place = await open(message);
    return 'ready';
  }
  if (!place) throw new Error('an order comes first');
  place.conflicts.count = 0;
  const counted = await measure(place, message);
  return { ...counted, conflicts: place.conflicts.count };
}

async function open(order: Order): Promise<Place> {
  const client = new EtcdClient({ endpoints: order.endpoints, now: () => Date.now(), timeoutMs: 5000 });
  const conflicts = { count: 0 };
  const { node } = order;
  if (order.kind === 'service') return { node, conflicts, ...(await service(order, client, conflicts)) };
  const close = () => {
    client.close();
    return Promise.resolve();
  };
  return { node, conflicts, allocate: plain(order, client), close };
}

async function measure({ node, allocate }: Pick<Place, 'node' | 'allocate'>, { callers, seconds }: Run) {
  const count = { done: 0, failed: 0, worst: 0 };
  const began = performance.now();
  const end = began + seconds * 1000;
  let isFull = false;
  const caller = async () => {
    while (performance.now() < end && !isFull) {
      const sent = performance.now();
      try {
        await allocate(`${node}-${next++}`);
        count.done++;
      } catch (error) {
        if (error instanceof PoolError && error.code === 'pool_exhausted') isFull = true;
        else if (count.failed++ === 0) process.stderr.write(`${String(error)}\n`);
      }
      count.worst = Math.max(count.worst, performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { ...count, seconds: (performance.now() - began) / 1000 };
}

function plain({ prefix }: Order, client: EtcdClient): (vm: string) => Promise<unknown> {
  return (vm) => {
    const [ip, owner] = [`${prefix}ip/${vm}`, `${prefix}vm/${vm}`];
    return client.txn({
      compare: [isAbsent(ip), isAbsent(owner)],
      success: [put(ip, vm.padEnd(200)), put(owner, vm)],
      failure: [],
    });
  };
}

/** A node without its door, as compose.ts puts it together. */
async function service({ prefix, cidr: text, node }: Order, client: EtcdClient, conflicts: { count: number }) {
  const pool = new Pool(randomInt(2 ** 32));
  const scatter = new SearchOrigin(pool, Math.random);
  const store = new EtcdStore({
    client,
    prefix,
    node,
    self: thisProcess(),
    afterwards: {
      allocation: (event) => allocationAfter(pool, event),
      memories: (event) => cooldownAfter(pool, event),
      network: (event) => networkAfter(pool, event),
    },
    state: () => [], // never inspected
    members: new EtcdMembership({ client, keys: new Keys(prefix), tls: undefined, now: () => Date.now() }),
    overtaken: (events) => {
      conflicts.count++;
      scatter.overtaken(events);
    },
    fatal: (error) => {
      throw error;
    },
    log: () => undefined,
    retentionMs: 86_400_000,
    now: () => Date.now(),
    clock: () => performance.now(),
    word: () => randomBytes(8).toString('hex'),
  });
  const clock = new Clock(
    () => Date.now(),
    () => performance.now(),
  );
  const { allocations, networks } = useCases({ pool, store, clock, random: Math.random });
  const applier = new Applier(familiesOf(pool), scatter);
  await store.open((delivered) => applier.apply(delivered));
  scatter.moveAll();
  const scope = { actor: 'bench', requestId: 'r' };
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(text);
  if (!pool.find('default')) {
    await networks.add(scope, { cidr, gateway: { family: cidr.family, value: firstHost(cidr) } }, 'default');
  }
  return {
    allocate: (vm_id: string) =>
      allocations.allocate(scope, { network: 'default', owner: { vm_id, nic: '' }, attributes: {} }),
    close: () => store.close(),
  };
}

process.on('message', (message: Order | Run) => {
  work(message).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
