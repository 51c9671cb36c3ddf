import type { Options } from './options.ts';
import type { Plot } from './plot/plot.ts';
import type { Table } from './table.ts';

/** Tells what is being done. */
export type Progress = (text: string) => void;

/** One part of the benchmark. What it measures is JSON; tables and plots are made of that alone, also later. */
export interface Suite<Result = unknown> {
  /** Ends whatever it started, also when it fails. */
  measure(options: Options, progress: Progress): Promise<Result>;
  tables(result: Result): readonly Table[];
  plots(result: Result): readonly Plot[];
}
