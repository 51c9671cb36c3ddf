import type { BulkItem } from '../api/allocations.ts';
import type { ImportResponse } from '../api/imports.ts';
import type { NetworkRequest } from '../api/networks.ts';

export interface AuditFilter {
  readonly limit?: number | undefined;
  /** RFC 3339 */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly action?: string | undefined;
  readonly resource?: string | undefined;
}

export interface HistoryQuery {
  readonly vrf?: string | undefined;
  readonly ip?: string | undefined;
  /** RFC 3339; with ip: who had it then */
  readonly at?: string | undefined;
  readonly vm_id?: string | undefined;
  readonly limit?: number | undefined;
}

export interface ImportRequest {
  readonly networks?: readonly NetworkRequest[];
  readonly allocations?: readonly BulkItem[];
}

export type ImportResult = ImportResponse;
export type ImportRefusal = ImportResponse['refused'][number];
