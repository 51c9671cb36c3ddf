/** What clients were told while nothing was released: no address may have had two owners, no owner two addresses. */
export class Answers {
  readonly #owners = new Map<string, string>();
  readonly #addresses = new Map<string, string>();
  /** Answers that gave an address which another owner had been told before. */
  duplicates = 0;
  /** Answers that gave an owner another address than the one before. */
  moved = 0;

  get count(): number {
    return this.#addresses.size;
  }

  add(ip: string, vm: string): void {
    const owner = this.#owners.get(ip);
    if (owner === undefined) this.#owners.set(ip, vm);
    else if (owner !== vm) this.duplicates++;
    const address = this.#addresses.get(vm);
    if (address === undefined) this.#addresses.set(vm, ip);
    else if (address !== ip) this.moved++;
  }

  /** How many of the owners do not hold what they were told. */
  lostIn(held: readonly { readonly ip: string; readonly vm_id: string }[]): number {
    const now = new Map(held.map(({ ip, vm_id }) => [vm_id, ip]));
    return [...this.#addresses].filter(([vm, ip]) => now.get(vm) !== ip).length;
  }
}
