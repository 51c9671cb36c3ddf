import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { IpAllocated, PoolEvent } from '../../src/pool/events.ts';
import { formatAddress } from '../../src/net/address.ts';
import { EtcdClient } from '../../src/store/etcd/client.ts';
import { Image } from '../../src/store/etcd/image.ts';
import { startEtcd } from '../support/etcd.ts';
import { type Server, startServer } from '../support/server.ts';
import { Client } from './client.ts';
import type { Count, Order, Run } from './cluster-worker.ts';
import { describeMachine } from './machine.ts';
import { formatNumber, formatSpread, spreadOf } from './spread.ts';
import { asMarkdown, asText } from './table.ts';

// npm run bench:cluster: three members and three nodes on this machine, what they reach together, beside what etcd itself
// reaches with a transaction for each request, in turn.

const NODES = 3;
const HELD = 200_000;
/** Seconds. */
const WARM_UP = 10;
const LIMIT_MS = 15 * 60_000;
const CREATED = 201;
let vm = 0;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    callers: { type: 'string', default: '1,8,64,256' },
    markdown: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const steps = values.callers.split(',').map(Number);

setTimeout(() => process.exit(1), LIMIT_MS).unref();
const etcd = await startEtcd({ members: 3 });
try {
  const rows = await rates();
  const filling = [await fill('10.0.0.0/16', seconds * 4), await fill('10.0.0.0/20', 120)];
  const start = await restart();
  const print = values.markdown ? asMarkdown : asText;
  const { cpu, cores, syncMs } = describeMachine('/tmp');
  process.stdout.write(`${cpu}, ${cores} cores; fdatasync of a 4 KiB append: ${formatSpread(syncMs, 3)} ms\n\n`);
  process.stdout.write(
    print({
      title: 'Durable allocations a second: three etcd members, three nodes and their clients on this machine',
      head: ['callers a node', 'plain etcd', 'ippool over HTTP', 'ippool ÷ plain', 'slowest request, ms'],
      rows,
      notes: [
        `plain etcd: one transaction of two keys for each request, from three processes. Median (lowest–highest) of ${rounds} interleaved rounds of ${seconds} s.`,
        ...filling,
        start,
      ],
    }),
  );
} finally {
  await etcd.stop();
}

async function rates(): Promise<string[][]> {
  const plain = await workers({ kind: 'plain', prefix: '/plain/', cidr: '' });
  const servers = await nodes('/http/', '10.0.0.0/10');
  const samples = steps.map((callers) => ({ callers, plain: [] as number[], http: [] as number[], worst: 0 }));
  await together(plain, { callers: 64, seconds });
  await overHttp(servers, { callers: 64, seconds: WARM_UP }); // until the compiler is through: the hot path is long
  for (let round = 1; round <= rounds; round++) {
    for (const sample of samples) {
      const { callers } = sample;
      progress(`round ${round}, ${callers} callers`);
      const direct = await together(plain, { callers, seconds });
      sample.plain.push(direct.done / direct.seconds);
      const http = await overHttp(servers, { callers, seconds });
      sample.http.push(http.done / http.seconds);
      sample.worst = Math.max(sample.worst, http.worst);
    }
  }
  for (const child of plain) child.disconnect();
  await Promise.all(servers.map((server) => server.stop()));
  return samples.map(({ callers, plain, http, worst }) => [
    String(callers),
    formatSpread(spreadOf(plain), 0),
    formatSpread(spreadOf(http), 0),
    formatSpread(spreadOf(http.map((rate, i) => rate / (plain[i] ?? Number.NaN))), 1),
    formatNumber(worst, 0),
  ]);
}

/** How often nodes are in each other's way in a network of a size. */
async function fill(cidr: string, limit: number): Promise<string> {
  progress(`filling ${cidr}`);
  const children = await workers({ kind: 'service', prefix: `/fill-${cidr.slice(-2)}/`, cidr });
  const { done, conflicts, failed, worst } = await together(children, { callers: 64, seconds: limit });
  for (const child of children) child.disconnect();
  const share = formatNumber((100 * conflicts) / done, 2);
  return `A /${cidr.slice(-2)}, 64 callers a node: ${formatNumber(done, 0)} allocations, ${share} % decided anew, ${failed} failed, slowest ${formatNumber(worst, 0)} ms.`;
}

/** Time until a node is ready that finds many allocations. */
async function restart(): Promise<string> {
  progress(`a node that finds ${HELD} allocations`);
  const client = new EtcdClient({ endpoints: etcd.endpoints, now: () => Date.now(), timeoutMs: 10_000 });
  const image = new Image(client, '/held/', 'bench');
  await image.begin();
  await image.write(held());
  await image.finish();
  client.close();
  const took: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    const server = await started(argsOf('/held/', 1, '10.64.0.0/12'));
    took.push((performance.now() - began) / 1000);
    await server.stop();
  }
  return `A node that finds ${formatNumber(HELD, 0)} allocations is ready after ${formatSpread(spreadOf(took), 1)} s.`;
}

function* held(): Generator<PoolEvent> {
  const origin = { at: 1_700_000_000_000, actor: 'bench', request_id: 'r' };
  const network = { network: 'default', cidr: '10.64.0.0/12', gateway: '10.64.0.1', excluded: [] };
  yield { type: 'network_added', ...network, strategy: 'round-robin', ...origin };
  for (let n = 0; n < HELD; n++) {
    const ip = formatAddress(4, 0x0a40_0002n + BigInt(n));
    const vm_id = `vm-${String(n).padStart(14, '0')}`;
    yield { type: 'ip_allocated', network: 'default', ip, vm_id, nic: '', ...origin } satisfies IpAllocated;
  }
}

async function workers(order: Omit<Order, 'node' | 'endpoints'>): Promise<ChildProcess[]> {
  const file = fileURLToPath(new URL('cluster-worker.ts', import.meta.url));
  const children: ChildProcess[] = [];
  for (let n = 0; n < NODES; n++) {
    const child = fork(file, [], { execArgv: ['--import', 'tsx'] });
    child.send({ ...order, endpoints: etcd.endpoints, node: `n${n}` } satisfies Order);
    await once(child, 'message'); // one after the other: the first makes the network
    children.push(child);
  }
  return children;
}

async function together(children: readonly ChildProcess[], run: Run): Promise<Count> {
  const counts = children.map(async (child) => {
    child.send(run);
    const [count] = (await once(child, 'message')) as [Count];
    return count;
  });
  return sumOf(await Promise.all(counts));
}

function nodes(prefix: string, cidr: string): Promise<Server[]> {
  return Promise.all(Array.from({ length: NODES }, (_, node) => started(argsOf(prefix, node, cidr))));
}

/** However the benchmark ends, no node is left behind. */
async function started(args: string[]): Promise<Server> {
  const server = await startServer({ args });
  process.once('exit', () => {
    try {
      process.kill(server.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  return server;
}

function argsOf(prefix: string, node: number, cidr: string): string[] {
  const joined = ['--etcd', etcd.endpoints.join(','), '--etcd-prefix', prefix, '--node-id', `n${node}`];
  return ['--network', cidr, ...joined];
}

/** All callers of all nodes in one process: less of it than of three is the load's own. */
async function overHttp(servers: readonly Server[], { callers, seconds }: Run): Promise<Count> {
  const count = { done: 0, conflicts: Number.NaN, failed: 0, worst: 0 };
  const began = performance.now();
  const end = began + seconds * 1000;
  await new Promise<void>((resolve, reject) => {
    let open = servers.length * callers;
    const answered = (client: Client, status: number, ms: number) => {
      if (status === CREATED) count.done++;
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
}

function sumOf(counts: readonly Count[]): Count {
  const sum = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0);
  return {
    done: sum(({ done }) => done),
    conflicts: sum(({ conflicts }) => conflicts),
    failed: sum(({ failed }) => failed),
    worst: Math.max(...counts.map(({ worst }) => worst)),
    seconds: Math.max(...counts.map(({ seconds }) => seconds)),
  };
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
