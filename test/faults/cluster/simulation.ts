import type { Random } from '../random.ts';
import type { Listing, Operation, Outcome, Verb } from './record.ts';

/** The flaws that a simulated service can have. */
export const FLAWS = [
  /** Reads, and later writes what it decided then. */
  'no compare',
  /** Loses an allocation that it acknowledged. */
  'forgets',
  /** Does not check whether the owner already has an address. */
  'no owner key',
  /** Resends an allocation while the first attempt may still arrive. */
  'no fence',
  /** Responds with the result of another allocation of the owner, which may have been released since. */
  'joins',
  /** Reports "exhausted" from outdated state. */
  'stale',
] as const;
export type Flaw = (typeof FLAWS)[number];

interface Request {
  readonly owner: string;
  readonly verb: Verb;
  readonly only: string | undefined;
  readonly began: number;
  /** The state that was read for it, with the flaw `no compare`. */
  read?: string | undefined;
  answer?: { readonly outcome: Outcome; readonly ip?: string | undefined };
  /** Its client has given up waiting. */
  abandoned?: boolean;
}

/**
 * A service with some addresses and some clients, one random step after another: a request begins, takes effect, gets
 * its response, or loses its client and may then take effect at any later time.
 */
export class Simulation {
  readonly operations: Operation[] = [];
  readonly listings: Listing[] = [];
  readonly #random: Random;
  readonly #flaw: Flaw | undefined;
  readonly #ips: readonly string[];
  readonly #owners: readonly string[];
  readonly #holders = new Map<string, string>();
  /** The service at an earlier time. */
  #stale = new Map<string, string>();
  readonly #lastGiven = new Map<string, string>();
  #requests: Request[] = [];
  /** Allocations that arrive a second time. */
  readonly #late: Request[] = [];
  #ticks = 0;

  constructor(random: Random, flaw?: Flaw, { ips = 4, owners = 6 } = {}) {
    this.#random = random;
    this.#flaw = flaw;
    this.#ips = Array.from({ length: ips }, (_, i) => `ip${i}`);
    this.#owners = Array.from({ length: owners }, (_, i) => `x${i}`);
  }

  get capacity(): number {
    return this.#ips.length;
  }

  run(steps: number): void {
    for (let i = 0; i < steps; i++) this.#step();
    const began = ++this.#ticks;
    const held = [...this.#holders].map(([ip, owner]) => [owner, ip] as const);
    this.listings.push({ where: 'the end', began, ended: ++this.#ticks, held });
    for (const request of this.#requests) this.#note(request, Infinity, 'unknown');
  }

  #step(): void {
    const dice = this.#random.next();
    if (dice < 0.35 && this.#requests.filter(({ abandoned }) => !abandoned).length < 5) {
      this.#requests.push(this.#request());
      return;
    }
    const late = dice < 0.37 ? this.#late.shift() : undefined;
    if (late) {
      this.#do(late);
      return;
    }
    if (dice > 0.95) this.#stale = new Map(this.#holders);
    if (this.#requests.length === 0) return;
    const request = this.#random.pick(this.#requests);
    if (!request.abandoned && dice > 0.99) request.abandoned = true;
    else if (request.answer === undefined) this.#do(request);
    else this.#return(request, request.answer);
  }

  #request(): Request {
    const verb = this.#random.pick(['allocate', 'allocate', 'release', 'lookup'] as const);
    const only = verb === 'release' && this.#random.next() < 0.3 ? this.#random.pick(this.#ips) : undefined;
    return { owner: this.#random.pick(this.#owners), verb, only, began: ++this.#ticks };
  }

  #return(request: Request, { outcome, ip }: NonNullable<Request['answer']>): void {
    this.#requests = this.#requests.filter((other) => other !== request);
    if (request.abandoned) this.#note(request, Infinity, 'unknown');
    else this.#note(request, ++this.#ticks, outcome, ip);
  }

  #note({ owner, verb, only, began }: Request, ended: number, outcome: Outcome, ip?: string): void {
    this.operations.push({ owner, verb, only, began, ended, outcome, ip, where: 'the simulation' });
  }

  #do(request: Request): void {
    const { owner, verb, only } = request;
    const held = this.#heldBy(owner);
    if (verb === 'allocate') {
      this.#allocate(request, held);
    } else if (verb === 'lookup' || held === undefined) {
      request.answer = { outcome: 'done', ip: held };
    } else if (only !== undefined && only !== held) {
      request.answer = { outcome: 'refused' };
    } else {
      this.#holders.delete(held);
      request.answer = { outcome: 'done', ip: held };
    }
  }

  #allocate(request: Request, held: string | undefined): void {
    const { owner } = request;
    const given = this.#lastGiven.get(owner);
    if (this.#flaw === 'joins' && given !== undefined && this.#random.next() < 0.2) {
      request.answer = { outcome: 'done', ip: given };
      return;
    }
    if (held !== undefined && this.#flaw !== 'no owner key') {
      request.answer = { outcome: 'done', ip: held };
      return;
    }
    const seen = this.#flaw === 'stale' ? this.#stale : this.#holders;
    const free = this.#ips.filter((ip) => !seen.has(ip) && (this.#flaw !== 'stale' || !this.#holders.has(ip)));
    if (free.length === 0 && request.read === undefined) {
      request.answer = { outcome: 'exhausted' };
      return;
    }
    if (this.#flaw === 'no compare' && request.read === undefined) {
      request.read = this.#random.pick(free);
      return; // the put happens in a later step
    }
    const ip = request.read ?? this.#random.pick(free);
    if (this.#flaw !== 'forgets' || this.#random.next() < 0.9) this.#holders.set(ip, owner);
    if (this.#flaw === 'no fence' && !request.answer && this.#random.next() < 0.5) this.#late.push({ ...request });
    this.#lastGiven.set(owner, ip);
    request.answer = { outcome: 'done', ip };
  }

  #heldBy(owner: string): string | undefined {
    return [...this.#holders].find(([, holder]) => holder === owner)?.[0];
  }
}
