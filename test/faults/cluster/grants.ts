import type { Outcome } from './record.ts';

/** What somebody was given in one network: an address, or those up to another. */
export interface Grant {
  /** Of this one time that it was given. */
  readonly id: string;
  readonly first: bigint;
  readonly last: bigint;
  /** When it ends by itself; milliseconds since 1970, Infinity: never. */
  readonly expires: number;
}

/** One attempt, as far as it concerns one holder. */
export interface Act {
  /** A VM in one network. */
  readonly holder: string;
  readonly network: string;
  readonly verb: 'allocate' | 'renew' | 'release' | 'lookup';
  /** Acts of one attempt have the same. */
  readonly request: number;
  /** All of the attempt is done, or nothing of it. */
  readonly isWhole: boolean;
  /** Milliseconds since 1970, never twice the same: leases end by the clock. */
  readonly began: number;
  /** Infinity: it may be under way for ever. */
  readonly ended: number;
  readonly outcome: Exclude<Outcome, 'exhausted'>;
  /** What was given, freed or found; undefined: nothing. */
  readonly grant: Grant | undefined;
  /** For people: who was asked. */
  readonly where: string;
}

/** For how long something was given, as a node tells it afterwards. */
export interface Tenure {
  readonly holder: string;
  readonly network: string;
  readonly grant: Grant;
  readonly from: number;
  /** Infinity: still. */
  readonly until: number;
  readonly hasExpired: boolean;
}

/** All that a node knows of, what has ended too. */
export interface Story {
  readonly where: string;
  readonly began: number;
  readonly ended: number;
  readonly tenures: readonly Tenure[];
}

export type Asked = Pick<Act, 'holder' | 'network' | 'verb'>;
export type Told = Pick<Act, 'outcome' | 'grant'>;

/** What was asked for and told of leases, ranges and several addresses at once. */
export class GrantRecorder {
  readonly acts: Act[] = [];
  readonly stories: Story[] = [];
  #requests = 0;
  #last = 0;

  /** Notes one attempt. @param call answers for each that is asked for, in their order */
  async note(
    asked: readonly Asked[],
    { isWhole, where }: Pick<Act, 'isWhole' | 'where'>,
    call: () => Promise<readonly Told[]>,
  ): Promise<readonly Told[]> {
    const facts = { request: ++this.#requests, isWhole, where, began: this.#now() };
    const unknown = { ...facts, ended: Infinity, outcome: 'unknown', grant: undefined } as const;
    // Noted before the call: one that is still under way at the end is as unknown as one without an answer.
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
