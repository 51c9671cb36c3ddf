import type { EtcdClient } from './client.ts';
import type { KeyRange } from './keys.ts';
import { within } from './operation.ts';

const PAGE = 2000;
const [ZERO, A] = [48, 97];
/** Of a key, hexadecimal: as many as a number holds exactly. */
const DIGITS = 12;
/** How many of them are before the first that two keys differ in. */
const CARRIED = 4;
/** How much further a page may reach than one that was not full. */
const SPARSE = 4;

/** What reads a page. */
export type Reader = Pick<EtcdClient, 'range'>;

/**
 * The keys of a range at a revision, in their order. The next page is on its way while one is looked at.
 *
 * etcd counts all keys of a range that is asked for, however few of them it sends: a page of many would cost as much as
 * all that follow. So each is asked for within bounds, where it ought to end judging by the one before.
 */
export async function* pages(client: Reader, { from, to }: KeyRange, revision: number, limit = PAGE) {
  const ask = (begin: string, end: string) => {
    const page = client.range({ ...within({ from: begin, to: end }), limit, revision });
    page.catch(() => undefined); // thrown when it is awaited
    return page;
  };
  let end = to;
  let stride: Stride | undefined;
  for (let asked = ask(from, end); ;) {
    const { kvs, more } = await asked;
    const [first, last] = [kvs[0], kvs.at(-1)];
    const isFull = more && first && last;
    const next = isFull ? `${last.key}\0` : end;
    const isEnd = next >= to;
    if (!isEnd) {
      stride = isFull ? strideOf(first.key, last.key) : stride && { ...stride, step: SPARSE * stride.step };
      end = (stride && boundOf(next, stride)) ?? to;
      if (end > to) end = to;
      asked = ask(next, end);
    }
    yield kvs;
    if (isEnd) return;
  }
}

/** How far a page reached, as the number that stands in a key from a place on. */
interface Stride {
  readonly place: number;
  readonly step: number;
}

function strideOf(first: string, last: string): Stride {
  let differs = 0;
  while (differs < first.length && first.charCodeAt(differs) === last.charCodeAt(differs)) differs++;
  const place = Math.max(0, differs - CARRIED);
  return { place, step: numberOf(last, place) - numberOf(first, place) };
}

/** A key that is further than another; none when there is no room for it at that place. */
function boundOf(key: string, { place, step }: Stride): string | undefined {
  const value = numberOf(key, place) + step;
  const bound = key.slice(0, place) + value.toString(16).padStart(DIGITS, '0');
  return bound > key ? bound : undefined;
}

/** What stands in a key from a place on, as hexadecimal digits; whatever else is there counts as the digit next to it. */
function numberOf(key: string, place: number): number {
  let value = 0;
  for (let n = place; n < place + DIGITS; n++) value = value * 16 + (n < key.length ? digitOf(key.charCodeAt(n)) : 0);
  return value;
}

function digitOf(code: number): number {
  if (code < A) return Math.min(Math.max(code - ZERO, 0), 9);
  return Math.min(code - A + 10, 15);
}
