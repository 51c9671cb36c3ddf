import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine, type Machine } from './machine.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { printed, type Report, writeReport } from './report.ts';
import { loadSuite } from './suites.ts';

/** Whatever hangs, the benchmark ends. */
const LIMIT_MS = 15 * 60_000;

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
if (options) await bench(options);
else process.stdout.write(USAGE);

async function bench(options: Options): Promise<void> {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code));
  }
  const progress = process.stderr.isTTY
    ? (text: string) => void process.stderr.write(`\r\x1b[K${text}`)
    : (text: string) => void process.stderr.write(`${text}\n`);

  const machine = machineOf(options.folder);
  const reports: Report[] = [];
  for (const name of options.suites) {
    const limit = setTimeout(() => {
      process.stderr.write(`${name} took longer than ${LIMIT_MS / 60_000} minutes\n`);
      process.exit(1);
    }, LIMIT_MS);
    const suite = await loadSuite(name);
    const result = await suite.measure(options, (text) => progress(`${name}: ${text}`));
    clearTimeout(limit);
    const report = { suite: name, machine, result, tables: suite.tables(result), plots: suite.plots(result) };
    if (options.out !== undefined) writeReport(options.out, report);
    reports.push(report);
  }
  if (process.stderr.isTTY) progress('');
  process.stdout.write(printed(reports, options.format));
}

function machineOf(parent: string): Machine {
  const folder = mkdtempSync(join(parent, 'ippool-bench-'));
  try {
    return describeMachine(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
