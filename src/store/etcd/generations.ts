import type { Compare } from './messages.ts';
import { isUnchanged } from './operation.ts';

/**
 * Which generations are as a decision knows them.
 *
 * A range changes the generation of its network, so that no other node gives a part of it away. Our own next decision knows
 * of it already, from what is under way here, and would be refused all the same: it was made on a revision before. So a
 * change of our own is passed over, which its transaction proved to have come right after what that decision saw:
 *
 *     since            at
 *       |---- ours ----|       a decision made on a revision in here knows the generation of `at`
 */
export class Generations {
  readonly #own = new Map<string, { readonly since: number; readonly at: number }>();

  compare(key: string, revision: number): Compare {
    return isUnchanged(key, this.#known(key, revision));
  }

  /** A commit of ours that was decided on a revision has changed the generation. */
  changed(key: string, revision: number, at: number): void {
    const before = this.#own.get(key);
    const isNext = before !== undefined && revision >= before.since && revision <= before.at;
    this.#own.set(key, { since: isNext ? before.since : revision, at });
  }

  /** A change of ours is unknown to the decisions that come. */
  forget(key: string): void {
    this.#own.delete(key);
  }

  #known(key: string, revision: number): number {
    const own = this.#own.get(key);
    return own && revision >= own.since && revision < own.at ? own.at : revision;
  }
}
