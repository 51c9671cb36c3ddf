import { startEtcd } from '../../support/etcd.ts';
import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import type { Progress, Suite } from '../suite.ts';
import type { Table } from '../table.ts';
import { type Contention, contentionPlots, contentionTable, measureContention } from './contention.ts';
import { type HeldByCluster, heldByClusterTable, measureHeldByCluster } from './full-start.ts';
import { measureRates, type Rates, ratesPlot, ratesTable } from './rates.ts';
import { measureRecovery, type Recovery, recoveryPlots, recoveryTable } from './recovery.ts';

interface Result {
  readonly rates: Rates;
  readonly contention: Contention;
  readonly recovery: Recovery;
  readonly held: HeldByCluster;
}

/** Three members and three nodes on this machine. */
async function measure(options: Options, progress: Progress): Promise<Result> {
  const etcd = await startEtcd({ members: 3 });
  try {
    return {
      rates: await measureRates(etcd, options, progress),
      contention: await measureContention(etcd, options, progress),
      recovery: await measureRecovery(etcd, options, progress),
      held: await measureHeldByCluster(etcd, options, progress),
    };
  } finally {
    await etcd.stop();
  }
}

function tables({ rates, contention, recovery, held }: Result): Table[] {
  return [ratesTable(rates), contentionTable(contention), recoveryTable(recovery), heldByClusterTable(held)];
}

function plots({ rates, contention, recovery }: Result): Plot[] {
  return [ratesPlot(rates), ...contentionPlots(contention), ...recoveryPlots(recovery)];
}

export const cluster: Suite<Result> = { measure, tables, plots };
