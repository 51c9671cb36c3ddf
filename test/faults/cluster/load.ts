import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { Caller, type Tally } from './caller.ts';
import type { Node } from './node.ts';
import type { Answer, Recorder, Verb } from './record.ts';

export interface LoadOptions {
  readonly clients: number;
  /** Owners of each client. */
  readonly owners: number;
  /** Owners that all clients use at the same time. */
  readonly shared: number;
  /** The loops of additional clients. */
  readonly others?: readonly ((isStopped: () => boolean) => Promise<void>)[];
}

/** One operation of a client, over all its attempts. */
interface Task {
  readonly began: number;
  ended: number;
}

/** An owner under its current name. */
interface Slot {
  readonly name: string;
  generation: number;
  ip: string | undefined;
}

/**
 * Clients that allocate, release, and look up their own owners and shared ones. Each calls mostly its own node, and the
 * next one while the outcome is unknown. Nothing is certain any more about an owner whose release had no response: it
 * gets a new name.
 */
export class Load {
  readonly #nodes: readonly Node[];
  readonly #recorder: Recorder;
  readonly #random: Random;
  readonly #shared: readonly Slot[];
  readonly #tasks: Task[] = [];
  readonly #callers: Caller[] = [];
  readonly #clients: Promise<void>[];
  #stopped = false;
  #isPaused = false;
  #asking = 0;

  constructor(nodes: readonly Node[], recorder: Recorder, random: Random, options: LoadOptions) {
    const { clients, owners, shared, others = [] } = options;
    this.#nodes = nodes;
    this.#recorder = recorder;
    this.#random = random;
    this.#shared = slots('shared', shared);
    const ours = Array.from({ length: clients }, (_, client) => this.#run(client, owners));
    this.#clients = [...ours, ...others.map((other) => this.#repeat(() => other(() => this.#stopped)))];
  }

  /** The number of attempts by their outcome. */
  get tally(): Tally {
    const all: Tally = new Map();
    for (const [code, { count, slowest }] of this.#callers.flatMap(({ tally }) => [...tally])) {
      const sum = all.get(code) ?? { count: 0, slowest: 0 };
      all.set(code, { count: sum.count + count, slowest: Math.max(sum.slowest, slowest) });
    }
    return all;
  }

  /** Resets the tally. */
  resetTally(): void {
    for (const { tally } of this.#callers) tally.clear();
  }

  /** Operations completed since a time, and the longest that one took or has taken so far, in milliseconds. */
  since(time: number): { fulfilled: number; worst: number } {
    const now = performance.now();
    const some = this.#tasks.filter(({ ended }) => ended >= time);
    return {
      fulfilled: some.filter(({ ended }) => ended < Infinity).length,
      worst: some.reduce((worst, { began, ended }) => Math.max(worst, Math.min(ended, now) - began), 0),
    };
  }

  /** Lets every client complete its operation, and pauses all of them in the meantime. */
  async pausedFor<T>(meanwhile: () => Promise<T>): Promise<T> {
    this.#isPaused = true;
    try {
      while (this.#asking > 0) await sleep(10);
      return await meanwhile();
    } finally {
      this.#isPaused = false;
    }
  }

  /** Lets every client complete its operation, then resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    for (const caller of this.#callers) caller.close();
  }

  #run(client: number, owners: number): Promise<void> {
    const caller = new Caller(this.#recorder);
    this.#callers.push(caller);
    const own = slots(`c${client}`, owners);
    return this.#repeat(() => {
      const isShared = this.#random.next() < 0.15;
      const slot = this.#random.pick(isShared ? this.#shared : own);
      return this.#task(caller, client, slot, this.#verb(slot, isShared));
    });
  }

  async #repeat(wish: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      if (this.#isPaused) {
        await sleep(10);
        continue;
      }
      this.#asking++;
      await wish();
      this.#asking--;
      await sleep(this.#random.below(10));
    }
  }

  #verb(slot: Slot, isShared: boolean): Verb {
    const dice = this.#random.next();
    if (dice < 0.15) return 'lookup';
    if (isShared) return dice < 0.6 ? 'allocate' : 'release';
    return slot.ip === undefined ? 'allocate' : dice < 0.3 ? 'allocate' : 'release';
  }

  async #task(caller: Caller, client: number, slot: Slot, verb: Verb): Promise<void> {
    const wish: Task = { began: performance.now(), ended: Infinity };
    this.#tasks.push(wish);
    const { generation } = slot;
    const owner = `${slot.name}-${generation}`;
    const only = verb === 'release' && this.#random.next() < 0.5 ? slot.ip : undefined;
    // A node must know at once what another node has committed.
    const first = this.#random.next() < 0.4 ? this.#random.below(this.#nodes.length) : client;
    let isTainted = false;
    for (let attempt = 0; !this.#stopped || attempt === 0; attempt++) {
      const node = this.#nodes[(first + attempt) % this.#nodes.length]!;
      const { outcome, ip } = await ask(caller, node, verb, owner, only);
      isTainted ||= outcome === 'unknown' && verb !== 'lookup';
      if (outcome === 'done') slot.ip = verb === 'release' ? undefined : ip;
      // A refused release by address means that the owner has another one: no need to retry.
      if (outcome === 'done' || outcome === 'exhausted' || (outcome === 'refused' && only !== undefined)) break;
      await sleep(50);
    }
    if (isTainted && verb === 'release' && slot.generation === generation) {
      slot.generation++;
      slot.ip = undefined;
    }
    wish.ended = performance.now();
  }
}

function slots(name: string, count: number): Slot[] {
  return Array.from({ length: count }, (_, i) => ({ name: `${name}-${i}`, generation: 0, ip: undefined }));
}

function ask(caller: Caller, node: Node, verb: Verb, owner: string, only: string | undefined): Promise<Answer> {
  switch (verb) {
    case 'allocate':
      return caller.allocate(node, owner);
    case 'release':
      return caller.release(node, owner, only);
    case 'lookup':
      return caller.lookup(node, owner);
  }
}
