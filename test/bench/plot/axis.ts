/** A number on an axis, and how it is written. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Where numbers stand between the two ends of an axis. */
export interface Range {
  readonly ticks: readonly Tick[];
  /** 0 at its beginning, 1 at its end. */
  readonly place: (value: number) => number;
}

/** Steps of a linear axis are these times a power of ten. */
const STEPS = [1, 2, 2.5, 5, 10];
const WANTED_TICKS = 6;
/** On a logarithmic axis, those of a decade that are written, when it is short. */
const IN_DECADE = [1, 2, 5];
const FEW_DECADES = 2.5;

/** @param fromZero whether it begins there, as bars need it */
export function linearRange(values: readonly number[], fromZero: boolean): Range {
  const highest = Math.max(...values);
  const lowest = fromZero ? Math.min(0, ...values) : Math.min(...values);
  const span = highest - lowest || Math.abs(highest) || 1;
  const step = stepOf(span / WANTED_TICKS);
  const first = Math.floor(lowest / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil((lowest === highest ? lowest + span : highest) / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => tick((first + i) * step));
  return { ticks, place: (value) => (value / step - first) / (last - first) };
}

/** Values that are not above zero have no place there: they are told at its beginning. */
export function logRange(values: readonly number[]): Range {
  const positive = values.filter((value) => value > 0);
  const ends = positive.length === 0 ? [1] : [Math.min(...positive), Math.max(...positive)];
  const [low = 1, high = low] = ends.map(Math.log10);
  const decades = Math.max(high - low, 0.01);
  const within = decades <= FEW_DECADES ? IN_DECADE : [1];
  const candidates: number[] = [];
  for (let decade = Math.floor(low) - 1; decade <= Math.ceil(high) + 1; decade++) {
    for (const digit of within) candidates.push(digit * 10 ** decade);
  }
  const begin = candidates.findLast((value) => value <= 10 ** low * (1 + 1e-9)) ?? 10 ** low;
  const end = candidates.find((value) => value >= 10 ** high * (1 - 1e-9) && value > begin) ?? 10 ** high;
  const place = (value: number) => (value > begin ? Math.log(value / begin) / Math.log(end / begin) : 0);
  return { ticks: candidates.filter((value) => value >= begin && value <= end).map(tick), place };
}

function stepOf(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  return (STEPS.find((step) => step * power >= atLeast * (1 - 1e-9)) ?? 10) * power;
}

function tick(value: number): Tick {
  const rounded = Number(value.toPrecision(12));
  return { value: rounded, text: rounded.toLocaleString('en-US', { maximumSignificantDigits: 6 }) };
}
