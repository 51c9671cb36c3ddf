import type { KeyRange, Keys } from './keys.ts';
import { pages, type Reader } from './pages.ts';
import type { KeyValue } from './messages.ts';
import { at } from './operation.ts';

/** Records are of the clocks of many nodes, and some wait before they are written. */
export const MARGIN_MS = 24 * 60 * 60 * 1000;
/** A record may hold many events: a page has to arrive before its deadline. */
const PAGE = 1000;

/** What a node has that has missed something: everything up to a revision, of which the newest record has a time. */
export interface Known {
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** What the range that is watched holds at a revision and was put since another one. */
export interface Missed {
  readonly revision: number;
  /** In the order of their revisions. */
  readonly puts: readonly KeyValue[];
}

/**
 * Reads what a watch can tell no more: what was put since and is still there, and nothing of ours goes but by retention.
 * Records come newest first, so that the history of a month is not read for the sake of an hour.
 *
 * @throws EtcdError
 */
export async function missed(client: Reader, keys: Keys, known: Known): Promise<Missed> {
  const { header } = await client.range(at(keys.head));
  const revision = Number(header.revision);
  const puts: KeyValue[] = [];
  const read = async (range: KeyRange, isPast: (key: string) => boolean) => {
    for await (const page of pages(client, range, revision, PAGE)) {
      puts.push(...page.filter(({ mod_revision }) => Number(mod_revision) > known.revision));
      const last = page.at(-1);
      if (last && isPast(last.key)) return;
    }
  };
  await read(keys.events, (key) => keys.timeOf(key) < known.time - MARGIN_MS);
  await read({ from: keys.events.to, to: keys.delivered.to }, () => false);
  puts.sort((a, b) => Number(a.mod_revision) - Number(b.mod_revision));
  return { revision, puts };
}
