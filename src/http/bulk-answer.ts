import type { BulkAnswer } from '../api/allocations.ts';
import type { Outcome } from '../service/allocations.ts';
import { errorBody, STATUS } from './errors.ts';
import type { Views, Written } from './view.ts';

type Result = Written<Omit<BulkAnswer['results'][number], 'allocation'>> & { readonly allocation?: object };

/**
 * The answer to a bulk as JSON, put together slice by slice: what one has given is bytes before the next is decided, so
 * that the garbage collector never meets ten thousand allocations at a time.
 */
export class BulkText {
  readonly #view: Views;
  readonly #requestId: string;
  readonly #results: Buffer[] = [];
  #created = 0;
  #existing = 0;
  #failed = 0;

  constructor(view: Views, requestId: string) {
    this.#view = view;
    this.#requestId = requestId;
  }

  add(outcomes: readonly Outcome[]): void {
    if (outcomes.length === 0) return;
    const list = JSON.stringify(outcomes.map((outcome) => this.#resultOf(outcome)));
    this.#results.push(Buffer.from((this.#results.length === 0 ? '' : ',') + list.slice(1, -1)));
  }

  parts(): Buffer[] {
    const counts = { created: this.#created, existing: this.#existing, failed: this.#failed };
    const head = `${JSON.stringify(counts).slice(0, -1)},"results":[`;
    return [Buffer.from(head), ...this.#results, Buffer.from(']}')];
  }

  #resultOf(outcome: Outcome): Result {
    if ('error' in outcome) {
      this.#failed++;
      const status = STATUS[outcome.error.code];
      return { status, error: errorBody(outcome.error, status, this.#requestId) };
    }
    if (outcome.created) this.#created++;
    else this.#existing++;
    return { status: outcome.created ? 201 : 200, allocation: this.#view.allocation(outcome) };
  }
}
