import { formatNumber, type Spread } from '../spread.ts';
import { linearRange, logRange, type Range } from './axis.ts';
import type { NamedPlot, NumberPlot, Plot, Series } from './plot.ts';
import { element, picture, text } from './svg.ts';

/*
 *   title
 *   note
 *   ▬ series  ▬ series
 *   y label
 *     tick ┤      ▎┬
 *     tick ┤  ▎┬  ▎┴   area
 *     tick ┼────────────
 *           tick  tick
 *             x label
 */
const WIDTH = 760;
const HEIGHT = 440;
const AREA = { left: 84, right: WIDTH - 40, top: 112, bottom: HEIGHT - 64 };
/** Told apart also by those who confuse red and green (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const GRID = '#dddddd';
const AXIS = '#666666';
/** Half the width of a whisker's ends. */
const CAP = 4;
/** Of the room of a place on the x axis, what its bars take. */
const BARS = 0.72;
/** Bars that are wider look like areas. */
const WIDEST = 64;
/** With more of them, values above the bars would run into each other. */
const MOST_VALUES = 18;

/** An SVG picture of a plot. */
export function draw(plot: Plot): string {
  const y = rangeOfY(plot);
  const content = plot.kind === 'lines' ? drawNumbers(plot, y) : drawNamed(plot, y);
  return picture(WIDTH, HEIGHT, plot.title, [...heading(plot), ...axisOfY(y), ...content]);
}

function heading({ title, note, series, x, y }: Plot): string[] {
  const middle = (AREA.left + AREA.right) / 2;
  let left = AREA.left;
  const legend = series.flatMap(({ name }, i) => {
    const at = left;
    left += 40 + 7.6 * name.length; // about as wide as the letters are
    return [
      element('rect', { x: at, y: 63, width: 14, height: 10, fill: colour(i) }),
      text({ x: at + 20, y: 73 }, name),
    ];
  });
  return [
    text({ x: AREA.left, y: 26, 'font-size': 17, 'font-weight': 'bold' }, title),
    text({ x: AREA.left, y: 47, fill: AXIS }, note),
    ...legend,
    text({ x: AREA.left, y: AREA.top - 14, fill: AXIS }, y.label),
    text({ x: middle, y: HEIGHT - 16, 'text-anchor': 'middle', fill: AXIS }, x.label),
  ];
}

function rangeOfY({ kind, series, y }: Plot): Range {
  const values = series.flatMap(({ points }) => points.flatMap(({ y }) => [y.min, y.median, y.max]));
  const known = values.filter((value) => Number.isFinite(value));
  if (y.scale === 'log') return logRange(known);
  return linearRange(known.length === 0 ? [0, 1] : known, kind !== 'steps');
}

function axisOfY({ ticks, place }: Range): string[] {
  return ticks.flatMap(({ value, text: words }) => {
    const y = down(place(value));
    return [
      element('line', { x1: AREA.left, x2: AREA.right, y1: y, y2: y, stroke: GRID }),
      text({ x: AREA.left - 8, y: y + 4.5, 'text-anchor': 'end' }, words),
    ];
  });
}

function baseline(): string {
  return element('line', { x1: AREA.left, x2: AREA.right, y1: AREA.bottom, y2: AREA.bottom, stroke: AXIS });
}

function drawNumbers({ x, series }: NumberPlot, range: Range): string[] {
  const values = series.flatMap(({ points }) => points.map((point) => point.x));
  const along = x.scale === 'log' ? logRange(values) : linearRange(values, false);
  const across = (value: number) => AREA.left + along.place(value) * (AREA.right - AREA.left);
  const ticks = along.ticks.map(({ value, text: words }) =>
    text({ x: across(value), y: AREA.bottom + 20, 'text-anchor': 'middle' }, words),
  );
  return [baseline(), ...ticks, ...series.flatMap((of, i) => line(of, across, range, i))];
}

function drawNamed({ kind, series }: NamedPlot, range: Range): string[] {
  const names = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))];
  const room = (AREA.right - AREA.left) / Math.max(names.length, 1);
  const middle = (name: string) => AREA.left + (names.indexOf(name) + 0.5) * room;
  const ticks = names.map((name) => text({ x: middle(name), y: AREA.bottom + 20, 'text-anchor': 'middle' }, name));
  const width = Math.min((BARS * room) / series.length, WIDEST);
  const beside = (i: number) => (i - (series.length - 1) / 2) * width;
  const shown = names.length * series.length <= MOST_VALUES;
  const drawn = series.flatMap((of, i) =>
    kind === 'bars'
      ? bars(of, (name) => middle(name) + beside(i), range, { width, i, shown })
      : // Side by side by a little, or whiskers would hide each other.
        line(of, (name) => middle(name) + (i - (series.length - 1) / 2) * 8, range, i),
  );
  return [baseline(), ...ticks, ...drawn];
}

function line<Place>({ points }: Series<Place>, across: (x: Place) => number, { place }: Range, i: number): string[] {
  const known = points.filter(({ y }) => Number.isFinite(y.median));
  const path = known.map(({ x, y }) => `${across(x).toFixed(2)},${down(place(y.median)).toFixed(2)}`).join(' ');
  return [
    element('polyline', { points: path, fill: 'none', stroke: colour(i), 'stroke-width': 2 }),
    ...known.flatMap(({ x, y }) => [
      whisker(across(x), y, place, colour(i)),
      element('circle', { cx: across(x), cy: down(place(y.median)), r: 3.5, fill: colour(i) }),
    ]),
  ];
}

function bars(
  { points }: Series<string>,
  across: (x: string) => number,
  { place }: Range,
  { width, i, shown }: { width: number; i: number; shown: boolean },
): string[] {
  return points
    .filter(({ y }) => Number.isFinite(y.median))
    .flatMap(({ x, y }) => {
      const top = down(place(y.median));
      const box = { x: across(x) - width / 2 + 1, y: top, width: width - 2, height: down(place(0)) - top };
      const words = formatNumber(y.median, y.median !== 0 && Math.abs(y.median) < 10 ? 1 : 0);
      const above = { x: across(x), y: down(place(y.max)) - 7, 'text-anchor': 'middle', 'font-size': 12 };
      return [
        element('rect', { ...box, fill: colour(i) }),
        whisker(across(x), y, place, '#222222'),
        ...(shown ? [text(above, words)] : []),
      ];
    });
}

/** From the lowest to the highest; nothing where they are the same. */
function whisker(x: number, { min, max }: Spread, place: Range['place'], stroke: string): string {
  if (min === max) return '';
  const [low, high] = [down(place(min)).toFixed(2), down(place(max)).toFixed(2)];
  const [left, right, at] = [(x - CAP).toFixed(2), (x + CAP).toFixed(2), x.toFixed(2)];
  const path = `M${left} ${low}H${right}M${at} ${low}V${high}M${left} ${high}H${right}`;
  return element('path', { d: path, fill: 'none', stroke, 'stroke-width': 1.2 });
}

function down(share: number): number {
  return AREA.bottom - share * (AREA.bottom - AREA.top);
}

function colour(i: number): string {
  return COLOURS[i % COLOURS.length] ?? AXIS;
}
