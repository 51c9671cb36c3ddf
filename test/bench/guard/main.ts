import { measureSizes } from '../bulk/suite.ts';
import { http } from '../http/suite.ts';
import { type Options, parseOptions } from '../options.ts';
import { measurePool } from '../scale/pool.ts';
import { formatNumber } from '../spread.ts';
import { type Figure, isWithin, lowest, ratioOf } from './figure.ts';

// npm run bench:guard: whether something has become twice as dear, by what it costs beside something else on the same
// machine. Never by times: they are the machine's.

const CONNECTIONS = 64;
const BULK = 10_000;

const options = optionsOf('--rounds', '1', '--seconds', '0.5', '--connections', Array(3).fill(CONNECTIONS).join(','));
const MEASURED = [
  () => request(options),
  () => lastAddress({ ...options, batches: 100, realInLarge: 200_000 }),
  () => addressOfBulk({ ...options, rounds: 3 }),
];

for (const measure of MEASURED) {
  for (const figure of await lowest(measure)) {
    if (!isWithin(figure)) process.exitCode = 1;
    const verdict = isWithin(figure) ? 'ok' : 'TOO DEAR';
    const ratio = formatNumber(ratioOf(figure), 2);
    process.stdout.write(`${ratio} times, at most ${figure.limit}: ${figure.what}: ${verdict}\n`);
  }
}

/** CPU of a durable allocation over HTTP, beside that of a raw server which keeps nothing. */
async function request(options: Options): Promise<Figure[]> {
  const { steps } = await http.measure(options, progress);
  const least = (kind: 'ippool' | 'raw') => Math.min(...steps.map(({ servers }) => servers[kind].cpu.min));
  const what = `CPU of a durable allocation, to a raw server with ${CONNECTIONS} connections`;
  return [{ what, cost: least('ippool'), beside: least('raw'), limit: 2.6 }];
}

/** Time of an allocation in a nearly full network, beside that in an empty one. */
function lastAddress(options: Options): Figure[] {
  progress('allocating the last address');
  const [small, smallFull, large, largeFull] = measurePool(options);
  return [
    [small, smallFull],
    [large, largeFull],
  ].map(([empty, full]) => ({
    what: `an allocation in ${full?.name ?? ''}, to ${empty?.name ?? ''}`,
    cost: full?.allocate.min ?? Number.NaN,
    beside: empty?.allocate.min ?? Number.NaN,
    limit: 2,
  }));
}

/** CPU of an address in a bulk, beside that of parsing and writing the same JSON. */
async function addressOfBulk(options: Options): Promise<Figure[]> {
  const { sizes } = await measureSizes([BULK], options, progress);
  const what = `CPU of an address of ${formatNumber(BULK, 0)} in a request, to its JSON`;
  return sizes.map(({ cpu, floor }) => ({ what, cost: cpu.min, beside: floor.min, limit: 8 }));
}

function optionsOf(...argv: string[]): Options {
  const options = parseOptions(argv);
  if (!options) throw new Error('these options ask for help');
  return options;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
