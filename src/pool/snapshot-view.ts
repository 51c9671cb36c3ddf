import type { Allocation } from './allocation.ts';
import { ownBounds } from '../collections/own-bounds.ts';
import { SortedIntervals } from '../collections/sorted-intervals.ts';
import { SparseOffsets } from '../collections/sparse-offsets.ts';

/** Wider than any network, on both sides of its origin. */
const FAR = 1n << 128n;

/**
 * The allocations of one moment, in the order of their addresses, while they go on changing.
 *
 *     gone through              still to come
 *     |-----------------------> . . . * . . . . * . .      * changed since that moment: what was there is kept here
 *
 * What does not change is read where it stands when its turn comes. So it costs nothing to begin, and afterwards only
 * for changes of what is still to come: about 300 bytes each.
 */
export class SnapshotView implements Iterable<Allocation> {
  /** The live one that ends at an offset or later. */
  readonly #next: (offset: bigint) => Allocation | undefined;
  /** Where something has begun or ended to be since. */
  readonly #changed = new SparseOffsets(-FAR, 2n * FAR);
  /** What was there. */
  readonly #images = new SortedIntervals<Allocation>(ownBounds());
  /** Everything that begins before has had its turn. */
  #position = -FAR;

  /** @param next the live one that ends at an offset or later */
  constructor(next: (offset: bigint) => Allocation | undefined) {
    this.#next = next;
  }

  get isOver(): boolean {
    return this.#position === FAR;
  }

  /** To be told before something begins to be at an offset, or changes, or ends. @param image what was there */
  keep(offset: bigint, image: Allocation | undefined): void {
    if (offset < this.#position || this.#changed.has(offset)) return;
    this.#changed.add(offset, offset);
    if (image) this.#images.set(image);
  }

  *[Symbol.iterator](): Generator<Allocation, void, void> {
    for (let next = this.#take(); next; next = this.#take()) {
      this.#position = next.offset + 1n;
      yield next;
    }
    this.#position = FAR;
  }

  #take(): Allocation | undefined {
    const live = this.#unchanged();
    const image = this.#images.next(this.#position);
    if (!image || (live && live.offset < image.offset)) return live;
    this.#images.delete(image);
    return image;
  }

  #unchanged(): Allocation | undefined {
    let live = this.#next(this.#position);
    while (live && (live.offset < this.#position || this.#changed.has(live.offset))) live = this.#next(live.last + 1n);
    return live;
  }
}
