import type { DomainEvent } from '../../families.ts';
import { Bloom } from './bloom.ts';
import { type Span, Spans } from './spans.ts';

/** What a segment of the history holds, so that most searches need not open it. */
export interface HistoryIndex {
  readonly base: number;
  readonly last_seq: number;
  readonly from: number;
  readonly to: number;
  readonly ranges: boolean;
  readonly spans: readonly Span[];
  readonly bytes: number;
  readonly filter: Bloom;
}

/** Where a segment begins and ends. */
export interface Extent {
  /** Number of the last record before it, and of the last one in it. */
  readonly base: number;
  readonly last_seq: number;
  readonly bytes: number;
  /** When it was begun; milliseconds since 1970. */
  readonly created: number;
}

/** Collects what an index tells of a segment: while it is written as a journal, or from its file. */
export class Indexer {
  readonly #filter = new Bloom();
  readonly #spans = new Spans();
  readonly #types = new Set<string>();
  readonly #networks = new Set<string>();
  #from = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;

  add({ type, at, network, ip, end_ip, vm_id, range, cidr }: DomainEvent): void {
    if (at !== undefined) {
      if (at < this.#from) this.#from = at;
      if (at > this.#to) this.#to = at;
    }
    if (ip !== undefined) this.#filter.add('ip', ip);
    if (vm_id !== undefined) this.#filter.add('vm', vm_id);
    if (ip !== undefined && end_ip !== undefined) this.#spans.add(ip, end_ip);
    this.#types.add(type);
    if (network !== undefined) this.#networks.add(network);
    if (range !== undefined) this.#filter.add('text', range);
    if (cidr !== undefined) this.#filter.add('text', cidr);
  }

  /** The index of a segment with the events that were added. To be called once. */
  index({ base, last_seq, bytes, created }: Extent): HistoryIndex {
    const filter = this.#filter;
    for (const type of this.#types) filter.add('type', type);
    for (const network of this.#networks) filter.add('network', network);
    // A segment without events is as old as its file.
    const [from, to] = this.#to < this.#from ? [created, created] : [this.#from, this.#to];
    const spans = this.#spans.list();
    return { base, last_seq, from, to, ranges: !spans, spans: spans ?? [], bytes, filter };
  }
}
