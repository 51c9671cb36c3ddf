import { parseArgs } from 'node:util';
import { unpacked } from '../../support/debian.ts';
import { etcdBinary } from '../../support/etcd-binary.ts';
import { SEED } from '../random.ts';
import { enclose, isEnclosed, KILLED } from './enclosure.ts';
import { CLOCK } from './faults/clock.ts';
import type { Fault } from './faults/fault.ts';
import { KILLS } from './faults/kills.ts';
import { LATE } from './faults/late.ts';
import { PARTITIONS } from './faults/partitions.ts';
import { PAUSES } from './faults/pauses.ts';
import { STORAGE } from './faults/storage.ts';
import { PROGRAMS } from './programs.ts';
import { run } from './run.ts';

// npm run test:faults [-- --short] [--rounds 10] [--only late,clock] [--node plain|read-then-put|send-again]

const FAULTS: readonly Fault[] = [...KILLS, ...PAUSES, ...PARTITIONS, ...STORAGE, ...CLOCK, ...LATE];

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string' },
    node: { type: 'string', default: 'ippool' },
  },
});
const { short, rounds, only, node } = values;

function chosen(): Fault[] {
  return FAULTS.filter(
    (fault) =>
      (!short || fault.short === true) &&
      (only === undefined || only.split(',').some((word) => fault.name.includes(word))),
  );
}

if (isEnclosed) {
  const print = (text: string) => process.stdout.write(text);
  const { violations, failures } = await run({
    program: PROGRAMS[node as keyof typeof PROGRAMS],
    faults: chosen(),
    calm: short ? 1_000 : 5_000,
    seed: SEED,
    isFull: node === 'ippool',
    print,
  });
  for (const failure of failures) print(`${failure}\n`);
  process.exit(violations.length === 0 && failures.length === 0 ? 0 : 1);
}

// The package mirror is not reachable from inside the namespaces.
etcdBinary();
unpacked(['libfaketime']);
for (let round = 0; round < Number(rounds); round++) {
  const code = await enclose({ IPPOOL_SEED: String(SEED + round) });
  if (code !== 0) process.exitCode = code;
  if (code === KILLED) break;
}
