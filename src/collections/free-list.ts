/** Values known by numbers from 1 on; those of values that are gone are given again. */
export class FreeList<V> {
  readonly #values: (V | undefined)[] = [undefined];
  readonly #vacated: number[] = [];

  get(number: number): V | undefined {
    return this.#values[number];
  }

  add(value: V): number {
    const number = this.#vacated.pop() ?? this.#values.length;
    this.#values[number] = value;
    return number;
  }

  delete(number: number): void {
    this.#values[number] = undefined;
    this.#vacated.push(number);
  }

  /** All values, in no order. */
  values(): V[] {
    return this.#values.filter((value) => value !== undefined);
  }
}
