import type { Cluster } from '../service/cluster.ts';
import type { Health } from '../service/health.ts';
import type { UseCases } from '../service/use-cases.ts';
import type { Log } from './error-handler.ts';
import type { MountedApi } from './mount.ts';
import type { Revisions } from './revision.ts';
import type { Identify } from './scope.ts';

/** What the application is made from. */
export interface AppOptions {
  readonly useCases: UseCases;
  readonly health: Health;
  /** Absent: a single node. */
  readonly cluster?: Cluster | undefined;
  readonly version: string;
  /** Host names that reach the service, besides addresses and names without a dot; undefined: on a Unix socket, any. */
  readonly allowedHosts: readonly string[] | undefined;
  readonly log: Log;
  /** Whether every request is logged. */
  readonly logRequests: boolean;
  /** How far this replica has caught up; absent: a single node. */
  readonly revisions?: Revisions | undefined;
  /** Absent: every caller sees everything. */
  readonly identify?: Identify | undefined;
  /** APIs with an error format of their own, each below its prefix. */
  readonly apis?: readonly MountedApi[];
}
