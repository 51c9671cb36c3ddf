import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseCidr } from '../../src/net/cidr.ts';
import { firstHost } from '../../src/net/cidr.ts';
import { PoolError } from '../../src/pool/errors.ts';
import { Pool } from '../../src/pool/pool.ts';
import { allocationAfter, networkAfter } from '../../src/pool/snapshot.ts';
import { randomStrategy } from '../../src/pool/strategy.ts';
import { Clock } from '../../src/service/clock.ts';
import { useCases } from '../../src/service/use-cases.ts';
import { EtcdClient } from '../../src/store/etcd/client.ts';
import { isAbsent, put } from '../../src/store/etcd/operation.ts';
import { EtcdStore } from '../../src/store/etcd/store.ts';
import { startEtcd } from '../support/etcd.ts';
import { startServer } from '../support/server.ts';
import { Client } from './client.ts';

// node --import tsx test/bench/cluster.ts [seconds] [callers]: three members and three nodes on this machine, what they
// reach together. `plain` is one transaction of two keys for each request, on the same etcd.

const NODES = 3;

type Kind = 'plain' | 'service' | 'http';
interface Order {
  readonly kind: Exclude<Kind, 'http'>;
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly cidr: string;
  readonly node: string;
  readonly callers: number;
  readonly seconds: number;
}
interface Count {
  done: number;
  conflicts: number;
  failed: number;
  worst: number;
}

if (process.send) process.once('message', (order: Order) => void work(order));
else await parent(Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 64));

async function parent(seconds: number, callers: number): Promise<void> {
  const etcd = await startEtcd({ members: 3 });
  try {
    const once = { seconds, callers, endpoints: etcd.endpoints };
    for (const round of [1, 2]) {
      print(`plain   round ${round}`, await together({ ...once, kind: 'plain', cidr: '', prefix: `/p${round}/` }));
      const service = { ...once, kind: 'service' as const, prefix: `/s${round}/` };
      print(`service round ${round}, /12`, await together({ ...service, cidr: '10.0.0.0/12' }));
      print(`http    round ${round}, /12`, [await overHttp(etcd.endpoints, `/h${round}/`, callers, seconds)]);
    }
    const fill = { ...once, kind: 'service' as const, seconds: 60 };
    print('service, /16 for a while', await together({ ...fill, seconds, prefix: '/f16/', cidr: '10.0.0.0/16' }));
    print('service, /20 filled', await together({ ...fill, prefix: '/f20/', cidr: '10.0.0.0/20' }));
  } finally {
    await etcd.stop();
  }
}

async function together(order: Omit<Order, 'node'>): Promise<(Count & { seconds: number })[]> {
  const file = fileURLToPath(import.meta.url);
  const children: ChildProcess[] = [];
  for (let n = 0; n < NODES; n++) {
    const child = fork(file, [], { execArgv: ['--import', 'tsx'] });
    child.send({ ...order, node: `n${n}` });
    await once(child, 'message'); // it is ready; one after the other, the first makes the network
    children.push(child);
  }
  const results = children.map(async (child) => {
    const [result] = (await once(child, 'message')) as [Count & { seconds: number }];
    return result;
  });
  for (const child of children) child.send('go');
  return Promise.all(results);
}

function print(what: string, counts: readonly (Count & { seconds: number })[]): void {
  const sum = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0);
  const seconds = Math.max(...counts.map((count) => count.seconds));
  const done = sum(({ done }) => done);
  const share = ((100 * sum(({ conflicts }) => conflicts)) / done).toFixed(2);
  const worst = Math.max(...counts.map(({ worst }) => worst)).toFixed(0);
  process.stdout.write(
    `${what.padEnd(28)} ${(done / seconds).toFixed(0).padStart(6)}/s  ${done} done, ${sum(({ failed }) => failed)} failed, conflicts ${share} %, worst ${worst} ms\n`,
  );
}

async function work(order: Order): Promise<void> {
  const count: Count = { done: 0, conflicts: 0, failed: 0, worst: 0 };
  const client = new EtcdClient({ endpoints: order.endpoints, now: () => Date.now(), timeoutMs: 5000 });
  const allocate = order.kind === 'plain' ? plain(order, client) : await service(order, client, count);
  process.send?.('ready');
  await once(process, 'message');
  const began = performance.now();
  const end = began + order.seconds * 1000;
  let isFull = false;
  const caller = async (from: number) => {
    for (let n = 0; performance.now() < end && !isFull; n++) {
      const sent = performance.now();
      try {
        await allocate(`${order.node}-${from}-${n}`);
        count.done++;
      } catch (error) {
        if (error instanceof PoolError && error.code === 'pool_exhausted') isFull = true;
        else if (count.failed++ === 0) process.stderr.write(`${String(error)}\n`);
      }
      count.worst = Math.max(count.worst, performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: order.callers }, (_, from) => caller(from)));
  process.send?.({ ...count, seconds: (performance.now() - began) / 1000 }, () => process.exit());
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
async function service({ prefix, cidr: text, node }: Order, client: EtcdClient, count: Count) {
  const pool = new Pool(randomInt(2 ** 32));
  const scatter = (id: string) => {
    const network = pool.network(id);
    const offset = randomStrategy(Math.random).start(network.layout.space, undefined);
    pool.apply({ type: 'cursor_moved', network: id, ip: network.ipAt(offset) });
  };
  const store = new EtcdStore({
    client,
    prefix,
    node,
    includes: () => false,
    afterwards: {
      allocation: (event) => allocationAfter(pool, event),
      network: (event) => networkAfter(pool, event),
    },
    state: () => [], // never inspected
    adopt: (event) => (event.type === 'ip_allocated' ? { ...event, requested: true } : event),
    overtaken: (events) => {
      count.conflicts++;
      for (const event of events) if (event.type === 'ip_allocated') scatter(event.network);
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
  const { allocations, networks } = useCases({ pool, store, history: store.history, clock, random: Math.random });
  await store.open((batch) => {
    for (const event of batch) {
      pool.apply(event);
      if (event.type === 'network_added') scatter(event.network);
    }
  });
  const scope = { actor: 'bench', requestId: 'r' };
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(text);
  if (!pool.find('default')) {
    await networks.add(scope, { cidr, gateway: { family: cidr.family, value: firstHost(cidr) } }, 'default');
  }
  return (vm_id: string) =>
    allocations.allocate(scope, { network: 'default', owner: { vm_id, nic: '' }, attributes: {} });
}

async function overHttp(endpoints: readonly string[], prefix: string, callers: number, seconds: number) {
  const args = (node: number) => [
    '--network',
    '10.0.0.0/12',
    '--etcd',
    endpoints.join(','),
    '--etcd-prefix',
    prefix,
    '--node-id',
    `n${node}`,
  ];
  const servers = await Promise.all(Array.from({ length: NODES }, (_, node) => startServer({ args: args(node) })));
  const count = { done: 0, conflicts: Number.NaN, failed: 0, worst: 0, seconds };
  const began = performance.now();
  const end = began + seconds * 1000;
  let vm = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      let open = servers.length * callers;
      const answered = (client: Client, status: number, ms: number) => {
        if (status === 201) count.done++;
        else count.failed++;
        count.worst = Math.max(count.worst, ms);
        if (performance.now() < end) client.send(vm++);
        else {
          client.close();
          if (--open === 0) resolve();
        }
      };
      for (const { url } of servers) {
        for (let n = 0; n < callers; n++)
          Client.open(new URL(url), answered, reject).then((client) => client.send(vm++), reject);
      }
    });
    return { ...count, seconds: (performance.now() - began) / 1000 };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
