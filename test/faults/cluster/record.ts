/** A request about one owner. */
export type Verb = 'allocate' | 'release' | 'lookup';

/**
 * - `done`: it took effect. `ip` is the address that was allocated, released, or found; undefined: none.
 * - `exhausted`: nothing was done, because no address is free.
 * - `refused`: certainly nothing was done.
 * - `unknown`: it may have taken effect, or take effect at any later time.
 */
export type Outcome = 'done' | 'exhausted' | 'refused' | 'unknown';

export interface Operation {
  readonly owner: string;
  readonly verb: Verb;
  /** Releases only this address. */
  readonly only: string | undefined;
  /** Ticks of one clock for all clients, strictly increasing. */
  readonly began: number;
  /** Infinity: it may be in flight forever. */
  readonly ended: number;
  readonly outcome: Outcome;
  readonly ip: string | undefined;
  /** The node, for error messages. */
  readonly where: string;
}

/** All allocations that a node reports, at one moment between two ticks. */
export interface Listing {
  readonly where: string;
  readonly began: number;
  readonly ended: number;
  readonly held: readonly (readonly [owner: string, ip: string])[];
}

export interface Answer {
  readonly outcome: Outcome;
  readonly ip?: string | undefined;
}

/** All requests and responses of all clients. The clients run in this process, so that ticks are ordered in time. */
export class Recorder {
  readonly operations: Operation[] = [];
  readonly listings: Listing[] = [];
  #ticks = 0;

  /** Records one attempt. */
  async note(
    owner: string,
    verb: Verb,
    call: () => Promise<Answer>,
    { only, where = '' }: { only?: string | undefined; where?: string } = {},
  ): Promise<Answer> {
    const began = ++this.#ticks;
    // Recorded before the call: an attempt still in flight at the end is as unknown as one without a response.
    const at = this.operations.push({
      owner,
      verb,
      only,
      where,
      began,
      ended: Infinity,
      outcome: 'unknown',
      ip: undefined,
    });
    const answer = await call();
    const { outcome, ip } = answer;
    const ended = outcome === 'unknown' ? Infinity : ++this.#ticks;
    this.operations[at - 1] = { owner, verb, only, where, began, ended, outcome, ip };
    return answer;
  }

  /** Records all allocations of a node. */
  async list(where: string, call: () => Promise<Listing['held']>): Promise<void> {
    const began = ++this.#ticks;
    const held = await call();
    this.listings.push({ where, began, ended: ++this.#ticks, held });
  }
}
