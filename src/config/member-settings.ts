import type { ClusterFile } from './cluster-file.ts';

/** How a node runs its own member of etcd. */
export interface MemberSettings {
  readonly file: ClusterFile;
  /** Path or name of etcd's program. */
  readonly binary: string;
  /** Files in PEM, of which etcd reads all three itself; absent: everything in the clear. */
  readonly tls: TlsFiles | undefined;
}

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}
