import type { Outcome } from './record.ts';

/** An allocation in one network: an address, or a range. */
export interface Grant {
  /** Identifies this allocation; a later one of the same address has another id. */
  readonly id: string;
  readonly first: bigint;
  readonly last: bigint;
  /** The expiry in milliseconds since 1970; Infinity: never. */
  readonly expires: number;
}

/** One attempt, as far as it concerns one owner. */
export interface Act {
  /** A VM in one network. */
  readonly holder: string;
  readonly network: string;
  readonly verb: 'allocate' | 'renew' | 'release' | 'lookup';
  /** The same for all acts of one attempt. */
  readonly request: number;
  /** Whether the attempt is all or nothing. */
  readonly isWhole: boolean;
  /** Milliseconds since 1970, strictly increasing: leases expire by the clock. */
  readonly began: number;
  /** Infinity: it may be in flight forever. */
  readonly ended: number;
  readonly outcome: Exclude<Outcome, 'exhausted'>;
  /** What was allocated, released, or found; undefined: nothing. */
  readonly grant: Grant | undefined;
  /** The node, for error messages. */
  readonly where: string;
}

/** The period of an allocation, as a node reports it in its history. */
export interface Tenure {
  readonly holder: string;
  readonly network: string;
  readonly grant: Grant;
  readonly from: number;
  /** Infinity: still active. */
  readonly until: number;
  readonly hasExpired: boolean;
}

/** All allocations that a node knows of, including past ones. */
export interface Story {
  readonly where: string;
  readonly began: number;
  readonly ended: number;
  readonly tenures: readonly Tenure[];
}

export type Asked = Pick<Act, 'holder' | 'network' | 'verb'>;
export type Told = Pick<Act, 'outcome' | 'grant'>;

/** The requests for leases, ranges, and several addresses at once, and their responses. */
export class GrantRecorder {
  readonly acts: Act[] = [];
  readonly stories: Story[] = [];
  #requests = 0;
  #last = 0;

  /** Records one attempt. @param call returns one result per part, in their order */
  async note(
    asked: readonly Asked[],
    { isWhole, where }: Pick<Act, 'isWhole' | 'where'>,
    call: () => Promise<readonly Told[]>,
  ): Promise<readonly Told[]> {
    const facts = { request: ++this.#requests, isWhole, where, began: this.#now() };
    const unknown = { ...facts, ended: Infinity, outcome: 'unknown', grant: undefined } as const;
    // Recorded before the call: an attempt still in flight at the end is as unknown as one without a response.
    const at = this.acts.length;
    this.acts.push(...asked.map((each) => ({ ...each, ...unknown })));
    const told = await call();
    const ended = this.#now();
    for (const [i, each] of asked.entries()) {
      const { outcome, grant } = told[i] ?? unknown;
      if (outcome !== 'unknown') this.acts[at + i] = { ...each, ...facts, ended, outcome, grant };
    }
    return told;
  }

  async tell(where: string, call: () => Promise<readonly Tenure[]>): Promise<void> {
    const began = this.#now();
    const tenures = await call();
    this.stories.push({ where, began, ended: this.#now(), tenures });
  }

  #now(): number {
    return (this.#last = Math.max(this.#last + 0.001, Date.now()));
  }
}
