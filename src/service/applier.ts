import { isPoolEvent } from '../pool/family.ts';
import type { Delivered } from '../store/delivered.ts';
import type { Families } from '../store/families.ts';
import type { SearchOrigin } from './search-origin.ts';

/** Applies what the store delivers. Nothing else in a running service changes the state. */
export class Applier {
  readonly #families: Pick<Families, 'apply'>;
  readonly #searchOrigin: SearchOrigin | undefined;
  #isEmpty = true;

  /** @param searchOrigin when other nodes share the store: where this node searches */
  constructor(families: Pick<Families, 'apply'>, searchOrigin?: SearchOrigin) {
    this.#families = families;
    this.#searchOrigin = searchOrigin;
  }

  /** Whether nothing has been delivered yet. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  apply({ source, events }: Delivered): void {
    this.#isEmpty = false;
    const origin = this.#searchOrigin;
    for (const event of events) {
      this.#families.apply(origin && source === 'other' && isPoolEvent(event) ? origin.adopt(event) : event);
      if (origin && event.type === 'network_added' && event.network !== undefined) origin.move(event.network);
    }
  }
}
