import type { Allocation } from './allocation.ts';

/** MAC to allocations. Mostly one; the addresses of a dual-stack VM share theirs. */
export class Macs {
  readonly #byMac = new Map<string, Allocation | readonly Allocation[]>();

  /** Who has a MAC. */
  get(mac: string): readonly Allocation[] {
    const found = this.#byMac.get(mac);
    return found === undefined ? [] : 'offset' in found ? [found] : found;
  }

  add(allocation: Allocation): void {
    const { mac } = allocation.attributes;
    if (mac === undefined) return;
    const others = this.get(mac);
    this.#byMac.set(mac, others.length === 0 ? allocation : [...others, allocation]);
  }

  delete(allocation: Allocation): void {
    const { mac } = allocation.attributes;
    if (mac === undefined) return;
    const others = this.get(mac).filter((other) => other !== allocation);
    const [only] = others;
    if (only === undefined) this.#byMac.delete(mac);
    else this.#byMac.set(mac, others.length === 1 ? only : others);
  }
}
