import type { Command } from './command.ts';
import { allocate } from './commands/allocate.ts';
import { audit } from './commands/audit.ts';
import { clusterAddNode, clusterRemoveNode, clusterStatus } from './commands/cluster.ts';
import { exporting } from './commands/export.ts';
import { history } from './commands/history.ts';
import { importing } from './commands/import.ts';
import { list } from './commands/list.ts';
import { networkAdd, networkDelete, networkList, networkShow, networkUpdate } from './commands/network.ts';
import { reconcile } from './commands/reconcile.ts';
import { release } from './commands/release.ts';
import { stats } from './commands/stats.ts';

/** Every command that speaks to the API, in the order of the help text. */
export const COMMANDS: readonly Command[] = [
  networkAdd,
  networkList,
  networkShow,
  networkUpdate,
  networkDelete,
  allocate,
  release,
  list,
  stats,
  history,
  audit,
  reconcile,
  importing,
  exporting,
  clusterStatus,
  clusterAddNode,
  clusterRemoveNode,
];
