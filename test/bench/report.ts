import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { Options } from './options.ts';
import { draw } from './plot/draw.ts';
import type { Plot } from './plot/plot.ts';
import { formatNumber, formatSpread } from './spread.ts';
import type { SuiteName } from './suites.ts';
import { asMarkdown, asText, type Table } from './table.ts';

/** What a suite measured, and where. */
export interface Report {
  readonly suite: SuiteName;
  readonly machine: Machine;
  readonly result: unknown;
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
}

/** All of them, for the standard output. */
export function printed(reports: readonly Report[], format: Options['format']): string {
  const [first] = reports;
  if (!first) return '';
  const { machine } = first;
  if (format === 'json') {
    const results = Object.fromEntries(reports.map(({ suite, result }) => [suite, result]));
    return `${JSON.stringify({ machine, ...results }, null, 2)}\n`;
  }
  const print = format === 'markdown' ? asMarkdown : asText;
  return [`${sentence(machine)}\n`, ...reports.flatMap(({ tables }) => tables.map(print))].join('\n');
}

/** `SUITE.json`, `SUITE.md` with its tables and plots, and `SUITE-PLOT.svg`. */
export function writeReport(folder: string, { suite, machine, result, tables, plots }: Report): void {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const fileOf = ({ name }: Plot) => `${suite}-${name}.svg`;
  for (const plot of plots) write(fileOf(plot), draw(plot));
  write(`${suite}.json`, `${JSON.stringify({ machine, [suite]: result }, null, 2)}\n`);
  const pictures = plots.map((plot) => `![${plot.title}](${fileOf(plot)})\n`);
  write(`${suite}.md`, [`${sentence(machine)}\n`, ...tables.map(asMarkdown), ...pictures].join('\n'));
}

function sentence({ cpu, cores, memoryGiB, node, kernel, syncMs }: Machine): string {
  return (
    `${cpu}, ${cores} cores, ${formatNumber(memoryGiB, 0)} GiB, Node ${node}, ${kernel}; ` +
    `fdatasync of a 4 KiB append: ${formatSpread(syncMs, 3)} ms`
  );
}
