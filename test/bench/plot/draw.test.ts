import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linearRange, logRange } from './axis.ts';
import { draw } from './draw.ts';
import type { Plot } from './plot.ts';

const spread = (median: number, min = median, max = median) => ({ median, min, max });
const COMMON = { name: 'n', title: 'Latency <&"', note: 'whiskers' };
const BARS: Plot = {
  ...COMMON,
  kind: 'bars',
  x: { label: 'connections' },
  y: { label: 'requests/s', scale: 'linear' },
  series: [
    {
      name: 'raw',
      points: [
        { x: '1', y: spread(50, 25, 100) },
        { x: '8', y: spread(100) },
      ],
    },
  ],
};
const LINES: Plot = {
  ...COMMON,
  kind: 'lines',
  x: { label: 'allocations', scale: 'log' },
  y: { label: 'time, ms', scale: 'log' },
  series: [{ name: 'ippool', points: [1, 10, 100].map((x) => ({ x, y: spread(x, x, x * 2) })) }],
};

/** Elements of a name with their attributes. */
function elements(svg: string, name: string): Record<string, string>[] {
  return [...svg.matchAll(new RegExp(`<${name} ([^>]*?)/?>`, 'g'))].map(([, attributes = '']) =>
    Object.fromEntries([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value])),
  );
}

/** @throws AssertionError when a tag is not closed, or a character is not escaped */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [\w-]+="[^"<]*")*)(\/?)>/g,
    (_, end: string, name: string, __, empty) => {
      if (end) assert.equal(open.pop(), name);
      else if (!empty) open.push(name);
      return '';
    },
  );
  assert.deepEqual(open, []);
  assert.doesNotMatch(rest.replace(/&(amp|lt|gt|quot);/g, ''), /[<>&]/);
}

describe('plot.draw', () => {
  for (const plot of [BARS, LINES, { ...BARS, kind: 'steps' as const }, { ...BARS, series: [] }]) {
    it(`is a picture by itself, well-formed, with no number that is none: ${plot.kind}, ${plot.series.length} series`, () => {
      const svg = draw(plot);
      assertWellFormed(svg);
      assert.doesNotMatch(svg, /NaN|Infinity|undefined|href|url\(/);
      for (const label of [plot.x.label, plot.y.label, plot.note, 'Latency &lt;&amp;&quot;'])
        assert.ok(svg.includes(label));
    });
  }

  it('draws a bar twice as high for twice as much, on one floor', () => {
    const [, , first, second] = elements(draw(BARS), 'rect'); // behind the background and the legend
    assert.equal(Number(second?.height), 2 * Number(first?.height));
    assert.equal(Number(first?.y) + Number(first?.height), Number(second?.y) + Number(second?.height));
  });

  it('draws a whisker from the lowest to the highest, and none where they are the same', () => {
    const svg = draw(BARS);
    const [, , bar] = elements(svg, 'rect');
    const whiskers = elements(svg, 'path');
    assert.equal(whiskers.length, 1);
    const [, low, high] = /^M\S+ (\S+)H\S+V?.*V(\S+)M/.exec(whiskers[0]?.d ?? '') ?? [];
    const floor = Number(bar?.y) + Number(bar?.height);
    assert.equal(floor - Number(high), 4 * (floor - Number(low))); // 100 and 25
  });

  it('puts equal factors at equal distances on logarithmic axes', () => {
    const [first, second, third] = elements(draw(LINES), 'circle').map(({ cx, cy }) => [Number(cx), Number(cy)]);
    for (const i of [0, 1]) {
      const steps = [second![i]! - first![i]!, third![i]! - second![i]!];
      assert.ok(Math.abs(steps[0]! - steps[1]!) < 0.05, String(steps));
      assert.ok(Math.abs(steps[0]!) > 20);
    }
  });

  it('leaves out what could not be measured', () => {
    const nothing = { ...BARS, series: [{ name: 'raw', points: [{ x: '1', y: spread(Number.NaN) }] }] };
    const svg = draw(nothing);
    assert.doesNotMatch(svg, /NaN/);
    assert.equal(elements(svg, 'rect').length, 2);
  });
});

describe('plot axis', () => {
  const textsOf = ({ ticks }: { ticks: readonly { text: string }[] }) => ticks.map(({ text }) => text);

  it('has round ticks around all values', () => {
    assert.deepEqual(textsOf(linearRange([0, 1000], true)), ['0', '200', '400', '600', '800', '1,000']);
    assert.deepEqual(textsOf(linearRange([-5, 8], false)), ['-5', '-2.5', '0', '2.5', '5', '7.5', '10']);
    assert.deepEqual(textsOf(logRange([0.3, 4])), ['0.2', '0.5', '1', '2', '5']);
    assert.deepEqual(textsOf(logRange([1, 10_000])), ['1', '10', '100', '1,000', '10,000']);
  });

  it('has a place for a single value, and for zero', () => {
    for (const values of [[0], [7], [0.001]]) {
      for (const range of [linearRange(values, true), logRange(values)]) {
        assert.ok(range.ticks.length >= 2, String(values));
        const place = range.place(values[0]!);
        assert.ok(place >= 0 && place <= 1 + 1e-9, `${values[0]} at ${place}`);
      }
    }
  });
});
