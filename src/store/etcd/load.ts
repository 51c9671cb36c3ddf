import type { PoolEvent } from '../../pool/events.ts';
import { eventOf } from './events-of.ts';
import { EtcdError } from './failure.ts';
import { unavailable } from '../unavailable.ts';
import type { Keys } from './keys.ts';
import type { KeyValue } from './messages.ts';
import { at } from './operation.ts';
import { pages, type Reader } from './pages.ts';

/**
 * Reads all that is, at one revision, as the shortest history that leads there: networks first, what is remembered of
 * released addresses before who holds them now. What has been delivered cannot be taken back, so it is never begun anew:
 * a page may be asked for again, at the same revision.
 *
 * @returns the revision
 * @throws PoolError `store_unavailable` when that revision is compacted meanwhile, `data_corrupt`
 */
export async function load(
  client: Reader,
  keys: Keys,
  deliver: (events: PoolEvent[], revision: number) => void,
): Promise<number> {
  try {
    return await loadAll(client, keys, deliver);
  } catch (error) {
    if (!(error instanceof EtcdError) || !error.isCompacted) throw error;
    throw unavailable('etcd was compacted while all that it holds was read: start again', error);
  }
}

async function loadAll(
  client: Reader,
  keys: Keys,
  deliver: (events: PoolEvent[], revision: number) => void,
): Promise<number> {
  const { kvs: head, header } = await client.range(at(keys.head));
  const revision = Number(header.revision);
  let latest = 0;
  const tell = (kvs: readonly KeyValue[]) => {
    const events = kvs.map(eventOf);
    for (const event of events) if ('at' in event && event.at > latest) latest = event.at;
    if (events.length > 0) deliver(events, revision);
  };
  for (const kind of ['net', 'res'] as const)
    for await (const page of pages(client, keys.family(kind), revision)) tell(page);
  // The newest word about an owner is the one that counts.
  const memories: KeyValue[] = [];
  for await (const page of pages(client, keys.family('mem'), revision)) memories.push(...page);
  tell(memories.sort((a, b) => Number(a.mod_revision) - Number(b.mod_revision)));
  for await (const page of pages(client, keys.family('ip'), revision)) tell(page);
  const told = head[0] && Number(head[0].value);
  if (told !== undefined && told > latest) deliver([{ type: 'time_told', at: told }], revision);
  return revision;
}
