import { Caller } from './caller.ts';
import type { History } from './history.ts';
import type { Random } from './random.ts';

/** Concurrent clients that allocate and release random VMs of their own, until they are stopped or lose the server. */
export class Load {
  readonly #history: History;
  readonly #random: Random;
  readonly #vmsEach: number;
  #stopped = false;
  #underWay = 0;
  readonly #clients: Promise<void>[];

  constructor(
    url: string,
    history: History,
    random: Random,
    { clients, vmsEach }: { clients: number; vmsEach: number },
  ) {
    this.#history = history;
    this.#random = random;
    this.#vmsEach = vmsEach;
    this.#clients = Array.from({ length: clients }, (_, client) => this.#run(new Caller(url), client));
  }

  /** Requests that were sent and have no response yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Resolves when every client has lost its server. */
  async lost(): Promise<void> {
    await Promise.all(this.#clients);
  }

  /** Waits for the requests in flight, then resolves. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.lost();
  }

  async #run(caller: Caller, client: number): Promise<void> {
    while (!this.#stopped) {
      const vm = `vm-${client}-${this.#random.below(this.#vmsEach)}`;
      this.#underWay++;
      const answered = await this.#one(caller, vm);
      this.#underWay--;
      if (!answered) break;
    }
    caller.close();
  }

  #one(caller: Caller, vm: string) {
    const expected = this.#history.expected(vm);
    const dice = this.#random.next();
    if (expected.kind === 'free' ? dice < 0.95 : dice < 0.25) {
      return this.#history.note(vm, 'allocate', () => caller.allocate(vm));
    }
    const { ip } = expected.kind === 'held' ? expected : { ip: undefined };
    return this.#history.note(vm, 'release', () =>
      ip !== undefined && dice > 0.75 ? caller.releaseByIp(ip) : caller.release(vm),
    );
  }
}
