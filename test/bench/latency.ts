import { type Spread, spreadOf } from './spread.ts';

/** Times within which a share of the requests was answered, milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export type LatencySpread = Readonly<Record<keyof Latency, Spread>>;

/** In the order of tables and plots. */
export const PERCENTILES = [
  { key: 'p50', name: 'p50' },
  { key: 'p90', name: 'p90' },
  { key: 'p99', name: 'p99' },
  { key: 'p999', name: 'p99.9' },
  { key: 'max', name: 'max' },
] as const satisfies readonly { key: keyof Latency; name: string }[];

/** Counted in steps of 1 µs up to 4 s; what is slower counts as 4 s, but for the slowest. */
const STEPS = 4_000_000;

/** Counts latencies in constant memory. */
export class Latencies {
  readonly #steps = new Uint32Array(STEPS);
  #count = 0;
  #max = 0;

  add(milliseconds: number): void {
    const step = Math.min(Math.round(milliseconds * 1000), STEPS - 1);
    this.#steps[step] = (this.#steps[step] ?? 0) + 1;
    this.#count++;
    this.#max = Math.max(this.#max, milliseconds);
  }

  summary(): Latency {
    const at = (share: number) => this.#quantile(share);
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: this.#max };
  }

  #quantile(share: number): number {
    const rank = Math.ceil(this.#count * share);
    let seen = 0;
    for (let step = 0; step < STEPS; step++) {
      seen += this.#steps[step] ?? 0;
      if (seen >= rank && seen > 0) return step / 1000;
    }
    return Number.NaN;
  }
}

export function latencySpread(samples: readonly Latency[]): LatencySpread {
  const of = (key: keyof Latency) => spreadOf(samples.map((sample) => sample[key]));
  return { p50: of('p50'), p90: of('p90'), p99: of('p99'), p999: of('p999'), max: of('max') };
}
