/** Clocks are told every few seconds: what differs by less may be the time that it took. Milliseconds. */
const TOLERANCE_MS = 15_000;

/**
 * By how much this machine's clock has to be put right so that it tells what most nodes tell: the median, this node
 * counted. 0 when it agrees, and when there are too few to say who is wrong. Leases are given and ended by the clock of
 * whichever node is asked, so a node whose own is a day ahead would end them all.
 *
 * @param own    milliseconds since 1970
 * @param others what the other nodes say that it is
 */
export function skewOf(own: number, others: readonly number[]): number {
  if (others.length < 2) return 0;
  const differences = [0, ...others.map((other) => other - own)].sort((a, b) => a - b);
  const middle = (differences.length - 1) / 2;
  const [low = 0, high = 0] = [differences[Math.floor(middle)], differences[Math.ceil(middle)]];
  const skew = Math.abs(low) < Math.abs(high) ? low : high;
  return Math.abs(skew) > TOLERANCE_MS ? skew : 0;
}
