import { httpTables, measureHttp } from './http.ts';
import { describeMachine, type Machine } from './machine.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { measurePool, poolTable } from './pool.ts';
import { measureScale, scaleTable } from './scale.ts';
import { Servers } from './servers.ts';
import { formatNumber, formatSpread } from './spread.ts';
import { measureStart, startTable } from './start.ts';
import { asMarkdown, asText } from './table.ts';

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
  const servers = new Servers(options.folder);
  process.once('exit', () => servers.close());
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code));
  }
  const limit = setTimeout(() => {
    process.stderr.write(`the benchmark took longer than ${LIMIT_MS / 60_000} minutes\n`);
    process.exit(1);
  }, LIMIT_MS);
  const progress = process.stderr.isTTY
    ? (text: string) => void process.stderr.write(`\r\x1b[K${text}`)
    : (text: string) => void process.stderr.write(`${text}\n`);

  const machine = describeMachine(servers.folder);
  const http = await measureHttp(servers, options, progress);
  progress('allocating the last address');
  const pool = measurePool(options);
  const start = await measureStart(servers, options, progress);
  const scale = await measureScale(servers, options, progress);
  if (process.stderr.isTTY) progress('');
  clearTimeout(limit);

  if (options.format === 'json') {
    process.stdout.write(
      `${JSON.stringify({ machine, pinned: servers.pinned, options, http, pool, start, scale }, null, 2)}\n`,
    );
    return;
  }
  const print = options.format === 'markdown' ? asMarkdown : asText;
  const tables = [
    ...httpTables(http, options, servers.pinned),
    poolTable(pool, options),
    scaleTable(scale),
    startTable(start, options),
  ];
  process.stdout.write([`${sentence(machine)}\n`, ...tables.map(print)].join('\n'));
}

function sentence({ cpu, cores, memoryGiB, node, kernel, syncMs }: Machine): string {
  return (
    `${cpu}, ${cores} cores, ${formatNumber(memoryGiB, 0)} GiB, Node ${node}, ${kernel}; ` +
    `fdatasync of a 4 KiB append: ${formatSpread(syncMs, 3)} ms`
  );
}
