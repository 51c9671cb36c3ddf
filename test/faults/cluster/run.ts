import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { asText } from '../../bench/table.ts';
import { Random } from '../random.ts';
import { Caller } from './caller.ts';
import { check, type Violation } from './checker.ts';
import { Cluster } from './cluster.ts';
import type { Fault } from './faults/fault.ts';
import { checkGrants } from './grant-checker.ts';
import { GrantLoad } from './grant-load.ts';
import { GrantRecorder } from './grants.ts';
import { Load } from './load.ts';
import type { Node } from './node.ts';
import { CAPACITY, type PROGRAMS } from './programs.ts';
import { Recorder } from './record.ts';

/** After a fault, every node must accept changes again within this time. */
const RECOVERY_MS = 20_000;
const BETWEEN_MS = 500;
const CLIENTS = { clients: 16, owners: 6, shared: 6 };
/** Additional clients for leases, ranges, and lists. */
const GRANT_CLIENTS = 4;

export interface RunOptions {
  readonly program: (typeof PROGRAMS)[keyof typeof PROGRAMS];
  readonly faults: readonly Fault[];
  /** How long clients run before the first fault. */
  readonly calm: number;
  readonly seed: number;
  /** Whether the nodes support leases, ranges, lists, and more than one network. */
  readonly isFull: boolean;
  readonly print: (text: string) => void;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  /** Faults that did not fire, and nodes that did not recover. */
  readonly failures: readonly string[];
}

/** Runs clients on a cluster under one fault after another, and checks the responses. */
export async function run({ program, faults, calm, seed, isFull, print }: RunOptions): Promise<Verdict> {
  const random = new Random(seed);
  const recorder = new Recorder();
  const cluster = await Cluster.start(program);
  const grantRecorder = new GrantRecorder();
  const grants = isFull ? new GrantLoad(cluster.nodes, grantRecorder, new Random(seed + 1)) : undefined;
  await grants?.prepare();
  const others = Array.from({ length: grants ? GRANT_CLIENTS : 0 }, () => grants!.wish.bind(grants));
  const load = new Load(cluster.nodes, recorder, random, { ...CLIENTS, others });
  const caller = new Caller(recorder, 10_000);
  const rows: string[][] = [];
  const failures: string[] = [];
  try {
    const none: Fault = { name: 'none', strike: () => sleep(calm, '') };
    for (const { name, strike } of [none, ...faults]) {
      const began = performance.now();
      let said = 'FAILED';
      try {
        said = await strike({ cluster, load, caller });
        if (faults.length > 0) await recovered(cluster, caller);
      } catch (error) {
        failures.push(`${name}: ${String(error)}`);
      }
      await sleep(BETWEEN_MS);
      const { fulfilled, worst } = load.since(began);
      print(`${name}: ${said}, ${Math.round((performance.now() - began) / 1000)} s\n`);
      rows.push([name, said, String(fulfilled), `${Math.round(worst)} ms`]);
      if (failures.length > 0) break;
    }
    await load.stop();
    const list = async (node: Node) => {
      await caller.list(node);
      await grants?.tell(node);
    };
    await grants?.settled();
    for (const node of cluster.nodes) await list(node);
    if (failures.length === 0) await list(await startedAnew(cluster));
  } finally {
    for (const { name, output } of failures.length > 0 ? cluster.nodes : [])
      print(`${name}:
${lastOf(output)}
`);
    caller.close();
    grants?.close();
    await cluster.stop();
  }
  const { acts, stories } = grantRecorder;
  const violations = [...check(recorder.operations, recorder.listings, CAPACITY), ...checkGrants(acts, stories)];
  const count = (wrong: string) => violations.filter((violation) => violation.wrong === wrong).length;
  const unknown = recorder.operations.filter(({ outcome }) => outcome === 'unknown').length;
  print(
    asText({
      title: 'Cluster of three members and three nodes',
      head: ['fault', 'seen by', 'operations', 'worst delay'],
      rows: rows.map(([name = '', said = '', ...rest]) => [name, said, ...rest]),
      notes: [
        `${recorder.operations.length} attempts, ${unknown} without a certain outcome, seed ${seed}`,
        ...(isFull ? [asTold(grantRecorder)] : []),
        `duplicates ${count('duplicate')}, lost ${count('lost')}, two addresses ${count('two addresses')}, ` +
          `undead ${count('undead')}, wrongly exhausted ${count('not exhausted')}, ` +
          `halves ${count('half')}, leases ended early ${count('early')}`,
      ],
    }),
  );
  for (const { wrong, what } of violations.slice(0, 10)) print(`${wrong}: ${what}\n`);
  return { violations, failures };
}

/** Time and message of the last lines of a log. */
function lastOf(log: string): string {
  const lines = log.split('\n').slice(-21);
  return lines.map((line) => /"time":"([^"]+)".*("msg":.*)\}$/.exec(line)?.slice(1).join(' ') ?? line).join('\n');
}

/** How much the leases, ranges, and lists covered. */
function asTold({ acts, stories }: GrantRecorder): string {
  const unknown = acts.filter(({ outcome }) => outcome === 'unknown').length;
  const tenures = stories.at(-1)?.tenures ?? [];
  const expired = tenures.filter(({ hasExpired }) => hasExpired).length;
  const ranges = tenures.filter(({ grant }) => grant.last > grant.first).length;
  const whole = new Set(acts.filter(({ isWhole }) => isWhole).map(({ request }) => request)).size;
  return (
    `${acts.length} acts on leases, ranges and lists, ${unknown} of them uncertain, ${whole} requests for all or nothing: ` +
    `${tenures.length} grants, ${ranges} ranges among them, ${expired} expired`
  );
}

/** A node that starts must find in etcd what the others were delivered one by one. */
async function startedAnew({ nodes }: Cluster): Promise<Node> {
  const node = nodes[2]!;
  await node.kill('SIGKILL');
  await node.startWithRetry();
  return node;
}

/** Resolves when every node accepts changes. @throws Error when one does not within the timeout */
async function recovered({ nodes }: Cluster, caller: Caller): Promise<void> {
  const end = Date.now() + RECOVERY_MS;
  for (const node of nodes) {
    for (;;) {
      const given = await caller.allocate(node, 'probe');
      if (given.outcome === 'done' && (await caller.release(node, 'probe')).outcome === 'done') break;
      if (Date.now() > end) throw new Error(`${node.name} does not accept changes`);
      await sleep(100);
    }
  }
}
