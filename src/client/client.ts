import type { AuditEntry, ReconcileResponse, ReconcileRequest, Tenure } from '../api/history.ts';
import type { HealthReport } from '../api/schema.ts';
import { Addresses } from './addresses.ts';
import { AllocationsClient } from './allocations.ts';
import { NetworksClient } from './networks.ts';
import type { AuditFilter, HistoryQuery, ImportResult, ImportRequest } from './records.ts';
import { ClusterClient } from './cluster.ts';
import { type ClientOptions, Transport } from './transport.ts';

export { ApiError, Unreachable } from './errors.ts';
export type { ClientOptions, Fetch, FetchInit } from './transport.ts';
export type { AllocationFilter } from './allocations.ts';
export type { AuditFilter, HistoryQuery, ImportResult, ImportRefusal, ImportRequest } from './records.ts';
export type * from '../api/allocations.ts';
export type { ClusterStatus, NodeRequest } from '../api/cluster.ts';
export type * from '../api/history.ts';
export type * from '../api/networks.ts';
export type { Allocation, ErrorBody, HealthReport, Released, Stats } from '../api/schema.ts';

/** Entries of one page. */
const AUDIT_PAGE = 1000;

/**
 * A typed client of the API of ippool.
 *
 *     const ippool = new Client({ server: 'http://127.0.0.1:8080' });
 *     const { ip } = await ippool.ip.allocate({ vm_id: 'vm-4711' });
 *
 * Every call throws {@link ApiError} when the service says no, and {@link Unreachable} when nobody answers. Nothing is
 * repeated; allocations by vm_id, or with an idempotency key, may be.
 */
export class Client {
  readonly server: string;
  /** The sidecar's own door: one address for a VM. */
  readonly ip: Addresses;
  readonly networks: NetworksClient;
  readonly allocations: AllocationsClient;
  /** Where there is one. */
  readonly cluster: ClusterClient;
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    const transport = new Transport(options);
    this.#transport = transport;
    this.server = transport.server;
    this.ip = new Addresses(transport);
    this.networks = new NetworksClient(transport);
    this.allocations = new AllocationsClient(transport);
    this.cluster = new ClusterClient(transport);
  }

  health(): Promise<HealthReport> {
    return this.#transport.json('GET', '/api/v1/health');
  }

  /** Newest first. */
  async *audit({ limit = 100, ...filter }: AuditFilter = {}): AsyncGenerator<AuditEntry, void> {
    let left = limit;
    const query = { ...filter, limit: Math.min(limit, AUDIT_PAGE) };
    for await (const page of this.#transport.pages('/api/v1/audit', query)) {
      yield* page.slice(0, left) as AuditEntry[];
      left -= page.length;
      if (left <= 0) return;
    }
  }

  /** All of them in one answer, as fast as they are read; see {@link AllocationsClient.stream}. */
  async *streamAudit(filter: AuditFilter = {}): AsyncGenerator<AuditEntry, void> {
    for await (const some of this.#transport.lines('/api/v1/audit', { ...filter })) yield* some as AuditEntry[];
  }

  /** Who had an address, or what a VM had, newest first. */
  history(query: HistoryQuery): Promise<Tenure[]> {
    return this.#transport.json('GET', '/api/v1/history', { query: { ...query } });
  }

  /** Reports allocations whose VM is not in the list of those that live; frees only with `dry_run: false`. */
  reconcile(request: ReconcileRequest): Promise<ReconcileResponse> {
    return this.#transport.json('POST', '/api/v1/reconcile', { body: request });
  }

  /** Takes all, or nothing. @throws ApiError `import_refused` whose details.refused is that of the answer */
  import(request: ImportRequest, { dryRun }: { readonly dryRun?: boolean } = {}): Promise<ImportResult> {
    return this.#transport.json('POST', '/api/v1/import', {
      body: request,
      query: { dry_run: dryRun === true ? true : undefined },
    });
  }
}
