/** What something costs, beside something else that is measured in turn with it, for about as long and in the same unit. */
export interface Figure {
  readonly what: string;
  readonly cost: number;
  readonly beside: number;
  /** Of cost ÷ beside: less than twice what it is, more than noise makes of it. */
  readonly limit: number;
}

/** How often to measure again. A machine that is busy for longer than all of them is busy with something else. */
export const ATTEMPTS = 8;

/**
 * Measures until every figure is within its limit, at most {@link ATTEMPTS} times: the lowest cost of all attempts beside
 * the lowest of the other. A busy machine adds to both and takes from neither, so that each comes down to what it is: more
 * attempts help a figure that was disturbed, and not one that has doubled, as the lowest ratio would.
 *
 * @returns as the last attempt has them, with the lowest numbers; not a number where there was none
 */
export async function lowest(measure: () => Promise<readonly Figure[]> | readonly Figure[]): Promise<Figure[]> {
  let figures: Figure[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = figures;
    figures = (await measure()).map((figure, i) => ({
      ...figure,
      cost: Math.min(figure.cost, before[i]?.cost ?? Infinity),
      beside: Math.min(figure.beside, before[i]?.beside ?? Infinity),
    }));
    if (figures.every(isWithin)) break;
  }
  return figures;
}

export function ratioOf({ cost, beside }: Figure): number {
  return cost / beside;
}

/** Not when it could not be measured. */
export function isWithin(figure: Figure): boolean {
  return ratioOf(figure) <= figure.limit;
}
