import type { Pool } from '../pool/pool.ts';
import { newId } from './id.ts';
import { type AllocationRow, ImportDraft, type ImportSummary, type NetworkRow, type Row } from './import-draft.ts';
import { ALL } from './inflight.ts';
import type { Scope } from './scope.ts';
import type { Transactions } from './transactions.ts';
import type { Visibility } from './visibility.ts';

export type { AllocationRow, ImportSummary, NetworkRow, Row } from './import-draft.ts';

export interface ImportsOptions {
  readonly pool: Pool;
  readonly transactions: Transactions;
  readonly visibility: Visibility;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Imports networks and allocations: all of them or none. New networks are decided on a pool of their own, and addresses of
 * existing networks are held, so that a dry run is the same without the commit.
 */
export class Imports {
  readonly #pool: Pool;
  readonly #transactions: Transactions;
  readonly #visibility: Visibility;
  readonly #random: () => number;

  constructor(options: ImportsOptions) {
    this.#pool = options.pool;
    this.#visibility = options.visibility;
    this.#transactions = options.transactions;
    this.#random = options.random;
  }

  /**
   * @param dryRun says what would happen, and changes nothing
   * @throws PoolError `storage_full`, `store_unavailable`; rows with errors are in `refused`, and then nothing is changed
   */
  import(
    scope: Scope,
    networks: readonly Row<NetworkRow>[],
    allocations: readonly Row<AllocationRow>[],
    dryRun: boolean,
  ): Promise<ImportSummary> {
    return this.#transactions.commitAlone(
      scope,
      () => ALL,
      (origin, hold) => {
        const draft = new ImportDraft({
          scope,
          origin,
          hold,
          pool: this.#pool,
          visibility: this.#visibility,
          random: this.#random,
        });
        for (const [index, row] of networks.entries()) draft.addNetwork(index, row, newId('net', this.#random));
        for (const [index, row] of allocations.entries()) draft.allocate(index, row);
        const { result } = draft;
        return { events: dryRun || result.refused.length > 0 ? [] : draft.events, result };
      },
    );
  }
}
