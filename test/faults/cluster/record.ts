/** What a client asks of one owner. */
export type Verb = 'allocate' | 'release' | 'lookup';

/**
 * - `done`: it was done. `ip` is the address that it gave, freed or found; undefined where there was none.
 * - `exhausted`: nothing was done, for there is no address left.
 * - `refused`: nothing was done, for certain.
 * - `unknown`: it may have been done, or be done at any later time.
 */
export type Outcome = 'done' | 'exhausted' | 'refused' | 'unknown';

export interface Operation {
  readonly owner: string;
  readonly verb: Verb;
  /** Releases only this address. */
  readonly only: string | undefined;
  /** Ticks of one clock for all clients, never twice the same. */
  readonly began: number;
  /** Infinity: it may be under way for ever. */
  readonly ended: number;
  readonly outcome: Outcome;
  readonly ip: string | undefined;
  /** For people: who was asked. */
  readonly where: string;
}

/** Everything that a node says is held, at one moment between two ticks. */
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

/** What all clients asked for and were told. All of them run in this process, so that its ticks are an order in time. */
export class Recorder {
  readonly operations: Operation[] = [];
  readonly listings: Listing[] = [];
  #ticks = 0;

  /** Notes one attempt. */
  async note(
    owner: string,
    verb: Verb,
    call: () => Promise<Answer>,
    { only, where = '' }: { only?: string | undefined; where?: string } = {},
  ): Promise<Answer> {
    const began = ++this.#ticks;
    // Noted before the call: one that is still under way at the end is as unknown as one without an answer.
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

  /** Notes all that a node holds. */
  async list(where: string, call: () => Promise<Listing['held']>): Promise<void> {
    const began = ++this.#ticks;
    const held = await call();
    this.listings.push({ where, began, ended: ++this.#ticks, held });
  }
}
