import type { StrategyName } from '../../src/pool/strategy.ts';

/** An allocation as the model sees it. */
export interface Given {
  readonly vm: string;
  readonly hostname: string | undefined;
  readonly at: number;
}

/**
 * The pool as one would write it on a napkin: an array with a place for every address, looked through from one end to
 * the other. Slow, and too simple to be wrong.
 */
export class Model {
  readonly size: number;
  readonly gateway: number;
  strategy: StrategyName;
  cursor = -1;
  readonly places: (Given | undefined)[];
  readonly held: boolean[];
  excluded: boolean[];

  constructor(size: number, gateway: number, strategy: StrategyName) {
    this.size = size;
    this.gateway = gateway;
    this.strategy = strategy;
    this.places = Array.from({ length: size }, () => undefined);
    this.held = Array.from({ length: size }, () => false);
    this.excluded = Array.from({ length: size }, () => false);
  }

  isHost(offset: number): boolean {
    return offset > 0 && offset < this.size - 1 && offset !== this.gateway;
  }

  isFree(offset: number): boolean {
    return this.isHost(offset) && !this.excluded[offset] && !this.held[offset] && this.places[offset] === undefined;
  }

  /** The offset that has to be given next; `random` is what the random source would say. */
  next(random: number): number | undefined {
    const start =
      this.strategy === 'round-robin'
        ? this.cursor + 1
        : this.strategy === 'random'
          ? Math.floor(random * this.size)
          : 0;
    for (let i = 0; i < this.size; i++) {
      const offset = (start + i) % this.size;
      if (this.isFree(offset)) return offset;
    }
    return undefined;
  }

  whereIs(vm: string): number | undefined {
    const offset = this.places.findIndex((given) => given?.vm === vm);
    return offset < 0 ? undefined : offset;
  }

  allocated(): number {
    return this.places.filter((given) => given !== undefined).length;
  }

  /** Those that could be given to somebody else once all that is under way has failed. */
  available(): number {
    return this.places.filter((given, at) => !given && this.isHost(at) && !this.excluded[at]).length;
  }
}
