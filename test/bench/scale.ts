import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpuMicroseconds } from './machine.ts';
import type { Options } from './options.ts';
import type { BenchServer, Servers } from './servers.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from './spread.ts';
import type { Table } from './table.ts';

const FULL = 'fd00:1::/64';
const EMPTY = 'fd00:2::/64';
const BULK = 10_000;
const PAGE = 1000;
const BATCH = 200;

/** What a large IPv6 network costs, over HTTP and with its journal. */
export interface ScaleFigures {
  /** Addresses given before anything is measured. */
  readonly sequential: number;
  readonly random: number;
  /** CPU of the server, microseconds. */
  readonly single: { readonly empty: Spread; readonly full: Spread; readonly ratio: Spread };
  readonly bulkPerAddress: Spread;
  /** Single calls ÷ an address of a bulk. */
  readonly bulkGain: Spread;
  /** CPU microseconds of a page of 1,000, at the beginning, in the middle and at the end. */
  readonly pages: readonly Spread[];
  /** MiB of resident memory of the server: before, and with all of them. */
  readonly rss: { readonly before: number; readonly after: number };
}

/** Fills a /64 over the bulk door, and measures what single calls, bulks and pages cost then, in turn. */
export async function measureScale(
  servers: Servers,
  { rounds, sequential, random }: Options,
  progress: (text: string) => void,
): Promise<ScaleFigures> {
  const server = await servers.start('ippool', { pin: true });
  const door = new Door(server);
  try {
    for (const cidr of [FULL, EMPTY]) await door.post('/networks', { cidr });
    const before = residentMiB(server.pid);
    const bulk = (kind: string, first: number, count: number) =>
      door.bulk(Array.from({ length: count }, (_, i) => ({ network: FULL, vm_id: vmId(kind, first + i) })));
    for (let first = 0; first < sequential; first += BULK) {
      progress(`filling ${FULL}: ${formatNumber(first, 0)}`);
      await bulk('vm', first, Math.min(BULK, sequential - first));
    }
    for (let first = 0; first < random; first += BULK) {
      progress(`filling ${FULL} at random: ${formatNumber(first, 0)}`);
      const count = Math.min(BULK, random - first);
      await door.bulk(
        Array.from({ length: count }, (_, i) => ({
          network: FULL,
          vm_id: vmId('rnd', first + i),
          ip: `fd00:1::${randomGroup(0x8000)}:${randomGroup()}:${randomGroup()}:${randomGroup()}`,
        })),
      );
    }
    const after = residentMiB(server.pid);
    const empty: number[] = [];
    const full: number[] = [];
    const bulks: number[] = [];
    const pages: number[][] = [[], [], []];
    const places = await door.cursors(sequential);
    let next = 0;
    for (let round = -1; round < 4 * rounds; round++) {
      progress(`single calls, bulks and pages, round ${round + 1}`);
      const singles = async (cidr: string) => {
        const first = next;
        next += BATCH;
        const all = async () => {
          for (let i = first; i < first + BATCH; i++) {
            await door.post('/allocations', { network: cidr, vm_id: vmId('one', i) });
          }
        };
        return (await door.cpuOf(all)) / BATCH;
      };
      const cost = { empty: await singles(EMPTY), full: await singles(FULL) };
      if (round >= 0) empty.push(cost.empty);
      if (round >= 0) full.push(cost.full);
      const perAddress = (await door.cpuOf(() => bulk('more', (round + 1) * BULK, BULK))) / BULK;
      if (round >= 0) bulks.push(perAddress);
      for (const [i, place] of places.entries()) {
        const cpu = await door.cpuOf(() => door.page(place));
        if (round >= 0) pages[i]?.push(cpu);
      }
    }
    return {
      sequential,
      random,
      single: {
        empty: spreadOf(empty),
        full: spreadOf(full),
        ratio: spreadOf(full.map((cpu, i) => cpu / (empty[i] ?? Number.NaN))),
      },
      bulkPerAddress: spreadOf(bulks),
      bulkGain: spreadOf(full.map((cpu, i) => cpu / (bulks[i] ?? Number.NaN))),
      pages: pages.map(spreadOf),
      rss: { before, after },
    };
  } finally {
    door.close();
    await server.stop();
  }
}

/** One keep-alive connection. */
class Door {
  readonly #server: BenchServer;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(server: BenchServer) {
    this.#server = server;
  }

  async post(path: string, body: object): Promise<void> {
    await this.#call('POST', path, JSON.stringify(body));
  }

  async bulk(requests: readonly object[]): Promise<void> {
    const text = await this.#call('POST', '/allocations/bulk', JSON.stringify({ requests }));
    const { failed } = JSON.parse(text) as { failed: number };
    // Two random addresses may be one.
    if (failed > requests.length / 1000) throw new Error(`${failed} of a bulk failed`);
  }

  async page(cursor: string): Promise<void> {
    await this.#call('GET', `/allocations?network=${FULL}&limit=${PAGE}${cursor}`);
  }

  /** Cursors of pages at the beginning, in the middle and at the end of the sequential addresses. */
  async cursors(sequential: number): Promise<string[]> {
    const cursorBehind = (offset: number) => {
      const ip = `fd00:1::${(offset >>> 16).toString(16)}:${(offset & 0xffff).toString(16)}`;
      return `&cursor=${Buffer.from(ip, 'latin1').toString('base64url')}`;
    };
    const places = ['', cursorBehind(Math.floor(sequential / 2)), cursorBehind(sequential - PAGE - 1)];
    for (const place of places) await this.page(place);
    return places;
  }

  /** CPU microseconds of the server while something is done. */
  async cpuOf(work: () => Promise<unknown>): Promise<number> {
    const before = cpuMicroseconds(this.#server.pid);
    await work();
    return cpuMicroseconds(this.#server.pid) - before;
  }

  close(): void {
    this.#agent.destroy();
  }

  #call(method: string, path: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers =
        body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
      const call = request(`${this.#server.url}/api/v1${path}`, { method, agent: this.#agent, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          if ((answer.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 200)}`));
        });
      });
      call.once('error', reject);
      call.end(body);
    });
  }
}

function vmId(kind: string, n: number): string {
  return `${kind}-${String(n).padStart(16 - kind.length, '0')}`;
}

function randomGroup(from = 0): string {
  return Math.floor(from + Math.random() * (0x10000 - from)).toString(16);
}

function residentMiB(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(match?.[1]) / 1024;
}

/** The table of {@link measureScale}. */
export function scaleTable({ sequential, random, single, bulkPerAddress, bulkGain, pages, rss }: ScaleFigures): Table {
  const [first, middle, last] = pages.map((spread) => formatSpread(spread, 0));
  return {
    title: `An IPv6 /64 with ${formatNumber(sequential, 0)} sequential and ${formatNumber(random, 0)} random addresses, over HTTP, with its journal`,
    head: ['', 'CPU µs of the server'],
    rows: [
      ['one address, a call each, empty network', formatSpread(single.empty, 0)],
      ['one address, a call each, this network', formatSpread(single.full, 0)],
      ['… this ÷ empty (goal: 2.0 at most)', formatSpread(single.ratio, 2)],
      [`an address of a bulk of ${formatNumber(BULK, 0)}`, formatSpread(bulkPerAddress, 1)],
      ['… single call ÷ that (goal: 20 at least)', formatSpread(bulkGain, 1)],
      ['a page of 1,000, at the beginning', first ?? ''],
      ['a page of 1,000, in the middle', middle ?? ''],
      ['a page of 1,000, at the end', last ?? ''],
    ],
    notes: [
      'One connection, one request at a time. Median (lowest–highest).',
      `Resident memory of the server: ${formatNumber(rss.before, 0)} MiB with empty networks, ${formatNumber(rss.after, 0)} MiB with all of them.`,
    ],
  };
}
