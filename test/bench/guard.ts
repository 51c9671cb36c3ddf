import { measureSizes } from './bulk/suite.ts';
import { http } from './http/suite.ts';
import { type Options, parseOptions } from './options.ts';
import { measurePool } from './scale/pool.ts';
import { formatNumber } from './spread.ts';

// npm run bench:guard: whether something has become twice as dear. Ratios of one run on one machine, the lowest of a few
// rounds: what a busy machine adds, it adds to each of them.

interface Guarded {
  readonly what: string;
  readonly ratio: number;
  /** Less than twice what it is, more than noise has ever made of it. */
  readonly limit: number;
}

const CONNECTIONS = 64;
const BULK = 10_000;

const options = parseOptions(['--rounds', '3', '--seconds', '1', '--connections', String(CONNECTIONS)]);
if (!options) throw new Error('these options are right');
const guarded = [await request(options), ...lastAddress(options), await addressOfBulk(options)];
for (const { what, ratio, limit } of guarded) {
  const verdict = ratio <= limit ? 'ok' : 'TOO DEAR';
  process.stdout.write(`${formatNumber(ratio, 2)} times, at most ${limit}: ${what}: ${verdict}\n`);
}
if (guarded.some(({ ratio, limit }) => !(ratio <= limit))) process.exitCode = 1;

/** CPU of a durable allocation over HTTP ÷ that of a raw server which keeps nothing. */
async function request(options: Options): Promise<Guarded> {
  const { steps } = await http.measure(options, progress);
  const what = `CPU of a durable allocation, to a raw server with ${CONNECTIONS} connections`;
  return { what, ratio: steps[0]?.cpuRatio.min ?? Number.NaN, limit: 3.2 };
}

/** Time of an allocation in a nearly full network ÷ that in an empty one. */
function lastAddress(options: Options): Guarded[] {
  progress('allocating the last address');
  const [small, smallFull, large, largeFull] = measurePool({ ...options, batches: 200 });
  return [
    [small, smallFull],
    [large, largeFull],
  ].map(([empty, full]) => ({
    what: `an allocation in ${full?.name ?? ''}, to ${empty?.name ?? ''}`,
    ratio: (full?.allocate.min ?? Number.NaN) / (empty?.allocate.min ?? Number.NaN),
    limit: 2.2,
  }));
}

/** CPU of an address in a bulk of 10,000 ÷ that of parsing and writing the same JSON. */
async function addressOfBulk(options: Options): Promise<Guarded> {
  const { sizes } = await measureSizes([BULK / 100, BULK], { ...options, rounds: 10 }, progress); // the compiler needs many;
  const ratio = sizes.at(-1)?.ratio.min ?? Number.NaN;
  return { what: `CPU of an address of ${formatNumber(BULK, 0)} in a request, to its JSON`, ratio, limit: 6 };
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
