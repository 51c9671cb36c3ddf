import { Door } from '../connection.ts';
import { residentMiB } from '../machine.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';

const FULL = 'fd00:1::/64';
const EMPTY = 'fd00:2::/64';
const BULK = 10_000;
const PAGE = 1000;
const BATCH = 200;

/** What a large IPv6 network costs, over HTTP and with its journal. */
export interface LargeFigures {
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
export async function measureLarge(
  servers: Servers,
  { rounds, sequential, random, quick }: Options,
  progress: Progress,
): Promise<LargeFigures> {
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
    const page = (cursor: string) => door.get(`/allocations?network=${FULL}&limit=${PAGE}${cursor}`);
    const places = cursors(sequential);
    for (const place of places) await page(place);
    let next = 0;
    for (let round = -1; round < (quick ? 1 : 4 * rounds); round++) {
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
        const cpu = await door.cpuOf(() => page(place));
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

/** Cursors of pages at the beginning, in the middle and at the end of the sequential addresses. */
function cursors(sequential: number): string[] {
  const cursorBehind = (offset: number) => {
    const ip = `fd00:1::${(offset >>> 16).toString(16)}:${(offset & 0xffff).toString(16)}`;
    return `&cursor=${Buffer.from(ip, 'latin1').toString('base64url')}`;
  };
  return ['', cursorBehind(Math.floor(sequential / 2)), cursorBehind(sequential - PAGE - 1)];
}

function vmId(kind: string, n: number): string {
  return `${kind}-${String(n).padStart(16 - kind.length, '0')}`;
}

function randomGroup(from = 0): string {
  return Math.floor(from + Math.random() * (0x10000 - from)).toString(16);
}

/** The table of {@link measureLarge}. */
export function largeTable({ sequential, random, single, bulkPerAddress, bulkGain, pages, rss }: LargeFigures): Table {
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
