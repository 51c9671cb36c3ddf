import type { Spread } from '../spread.ts';

export interface Axis {
  /** With its unit. */
  readonly label: string;
  readonly scale: 'linear' | 'log';
}

interface Common {
  /** Of its file, behind the name of the suite. */
  readonly name: string;
  readonly title: string;
  /** Below the title: what points and whiskers are. */
  readonly note: string;
  readonly y: Axis;
}

/** Places on the x axis that have names, one beside the other. */
export interface NamedPlot extends Common {
  readonly kind: 'bars' | 'steps';
  readonly x: { readonly label: string };
  readonly series: readonly Series<string>[];
}

/** Places on the x axis that are numbers. */
export interface NumberPlot extends Common {
  readonly kind: 'lines';
  readonly x: Axis;
  readonly series: readonly Series<number>[];
}

/** What a suite wants drawn. Bars begin at zero; `steps` are points joined by lines, at named places. */
export type Plot = NamedPlot | NumberPlot;

export interface Series<Place> {
  readonly name: string;
  readonly points: readonly { readonly x: Place; readonly y: Spread }[];
}
