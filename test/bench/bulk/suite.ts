import { Door } from '../connection.ts';
import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import { NETWORK, pinning } from '../sample.ts';
import { Servers } from '../servers.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress, Suite } from '../suite.ts';
import type { Table } from '../table.ts';

const SIZES = [1, 10, 100, 1_000, 10_000];
/** Addresses of one measurement: CPU time of less is not told exactly. */
const ADDRESSES = 10_000;
/** So that parsing and writing take about as long as the server, and meet the same mood of the machine. */
const REPEATS = 4;

interface Sample {
  /** Microseconds of server CPU, and of parsing and writing the same bodies, for one address. */
  readonly cpu: number;
  readonly floor: number;
  /** From the request to the end of the answer. */
  readonly milliseconds: number;
}

interface Result {
  readonly rounds: number;
  readonly pinned: boolean;
  readonly sizes: readonly ({ readonly size: number; readonly ratio: Spread } & Readonly<
    Record<keyof Sample, Spread>
  >)[];
}

/** Allocations in requests of several sizes, in turn, each beside JSON.parse and JSON.stringify of what went over the wire. */
function measure(options: Options, progress: Progress): Promise<Result> {
  return measureSizes(SIZES, options, progress);
}

export async function measureSizes(
  sizesOfRequest: readonly number[],
  options: Options,
  progress: Progress,
): Promise<Result> {
  const { quick } = options;
  const rounds = quick ? 1 : 4 * options.rounds;
  const warmUp = quick ? 1 : 5;
  const servers = new Servers(options.folder);
  try {
    const server = await servers.start('ippool', { args: ['--network', NETWORK], pin: true });
    const door = new Door(server);
    const sizes = sizesOfRequest.map((size) => ({ size, samples: [] as Sample[] }));
    let vm = 0;
    const bodies = (size: number) =>
      Array.from({ length: Math.max(1, (quick ? 1 : ADDRESSES) / size) }, () =>
        JSON.stringify({ requests: Array.from({ length: size }, () => ({ network: 'default', vm_id: nameOf(vm++) })) }),
      );
    for (let round = 1 - warmUp; round <= rounds; round++) {
      for (const { size, samples } of sizes) {
        progress(round < 1 ? 'warming up' : `round ${round} of ${rounds}: ${formatNumber(size, 0)} in a request`);
        const sample = await measureSize(door, bodies(size), size);
        if (round > 0) samples.push(sample);
      }
    }
    door.close();
    await server.stop();
    return { rounds, pinned: servers.pinned, sizes: sizes.map(summary) };
  } finally {
    servers.close();
  }
}

async function measureSize(door: Door, bodies: readonly string[], size: number): Promise<Sample> {
  const exchanged: { readonly asked: Buffer; readonly answer: Buffer }[] = [];
  let milliseconds = 0;
  const cpu = await door.cpuOf(async () => {
    for (const body of bodies) {
      const began = performance.now();
      const answer = await door.call('POST', '/allocations/bulk', body);
      milliseconds += performance.now() - began;
      exchanged.push({ asked: Buffer.from(body), answer });
    }
  });
  const answers = exchanged.map(({ answer }) => JSON.parse(answer.toString()) as { created: number });
  for (const { created } of answers) if (created !== size) throw new Error(`${created} of ${size} were created`);
  const addresses = bodies.length * size;
  const floor = floorOf(
    exchanged.map(({ asked }) => asked),
    answers,
  );
  return { cpu: cpu / addresses, floor: floor / addresses, milliseconds: milliseconds / bodies.length };
}

/** CPU microseconds of reading every request and writing every answer, and nothing between. */
function floorOf(asked: readonly Buffer[], answers: readonly object[]): number {
  const before = process.cpuUsage();
  let bytes = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const [i, body] of asked.entries()) {
      const { requests } = JSON.parse(body.toString()) as { requests: object[] };
      bytes += requests.length + Buffer.from(JSON.stringify(answers[i])).length;
    }
  }
  const { user, system } = process.cpuUsage(before);
  if (bytes === 0) throw new Error('nothing was written');
  return (user + system) / REPEATS;
}

function summary({ size, samples }: { size: number; samples: readonly Sample[] }): Result['sizes'][number] {
  const of = (key: keyof Sample) => spreadOf(samples.map((sample) => sample[key]));
  const ratio = spreadOf(samples.map(({ cpu, floor }) => cpu / floor));
  return { size, ratio, cpu: of('cpu'), floor: of('floor'), milliseconds: of('milliseconds') };
}

function nameOf(vm: number): string {
  return `vm-${String(vm).padStart(12, '0')}`;
}

function tables({ rounds, pinned, sizes }: Result): Table[] {
  return [
    {
      title: 'POST /api/v1/allocations/bulk, new VMs, one connection',
      head: ['in a request', 'request, ms', 'CPU µs/address', 'JSON alone, µs/address', 'ippool ÷ JSON'],
      rows: sizes.map(({ size, ratio, cpu, floor, milliseconds }) => [
        formatNumber(size, 0),
        formatSpread(milliseconds, 1),
        formatSpread(cpu, 1),
        formatSpread(floor, 2),
        formatSpread(ratio, 1),
      ]),
      notes: [
        'JSON alone: JSON.parse of the same requests and JSON.stringify of the same answers, from bytes and to bytes, in one process.',
        `Median (lowest–highest) of ${rounds} interleaved rounds, ${formatNumber(ADDRESSES, 0)} addresses each, after a warm-up. CPU: the whole server process; every answer is on the disk. ${pinning(pinned)}`,
      ],
    },
  ];
}

function plots({ rounds, sizes }: Result): Plot[] {
  return [
    {
      name: 'size',
      title: 'CPU of an address by how many are asked for in one request',
      note: `Points: median, whiskers: lowest and highest of ${rounds} rounds`,
      kind: 'lines',
      x: { label: 'addresses in a request', scale: 'log' },
      y: { label: 'CPU an address, µs', scale: 'log' },
      series: [
        { name: 'ippool, durable', points: sizes.map(({ size, cpu }) => ({ x: size, y: cpu })) },
        { name: 'JSON alone', points: sizes.map(({ size, floor }) => ({ x: size, y: floor })) },
      ],
    },
  ];
}

export const bulk: Suite<Result> = { measure, tables, plots };
