import { offline } from '../compose/offline.ts';
import { PoolError } from '../errors.ts';
import { plural } from './output.ts';

const EXIT_DAMAGED = 65;

/** Runs one of the commands on a data folder that nobody serves from. Returns the exit code. */
export async function journal(verb: string, dir: string | undefined, acceptLoss: boolean): Promise<number> {
  if (dir === undefined)
    throw new PoolError('usage', `Name the data folder: ippool journal ${verb} DIR`, { field: 'DIR' });
  switch (verb) {
    case 'verify':
      return verify(dir);
    case 'repair':
      return repair(dir, acceptLoss);
    default:
      return exportJson(dir);
  }
}

async function verify(dir: string): Promise<number> {
  const { findings, files, records, counts } = await offline.verify(dir);
  for (const { file, offset, rule, what, damage } of findings) {
    print(`${damage ? 'DAMAGE' : 'note  '}  ${file} at byte ${offset}  [${rule}]  ${what}`);
  }
  const damages = findings.filter(({ damage }) => damage).length;
  const verdict = damages === 0 ? 'sound' : `${damages} broken ${damages === 1 ? 'rule' : 'rules'}`;
  const amounts = [
    plural(files, 'file'),
    plural(records, 'record'),
    plural(counts.get('allocations') ?? 0, 'allocation'),
  ];
  print(`${dir}: ${verdict}; ${amounts.join(', ')}`);
  return damages === 0 ? 0 : EXIT_DAMAGED;
}

async function repair(dir: string, acceptLoss: boolean): Promise<number> {
  const { done, lost } = await offline.repair(dir, acceptLoss, Date.now());
  for (const line of lost) print(`LOST  ${line}`);
  for (const line of done) print(`done  ${line}`);
  if (done.length === 0) print(`${dir}: nothing to repair`);
  if (lost.length > 0) print('Compare the allocations with the VMs that run before you start: ippool journal export');
  return 0;
}

/** One JSON document with a list per section, written an item at a time: a large state does not fit into one string. */
async function exportJson(dir: string): Promise<number> {
  let opening = '{';
  for (const [section, items] of await offline.export(dir)) {
    process.stdout.write(`${opening}${JSON.stringify(section)}:[`);
    let before = '\n';
    for (const item of items) {
      process.stdout.write(`${before}${JSON.stringify(item)}`);
      before = ',\n';
    }
    opening = '\n],';
  }
  print('\n]}');
  return 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
