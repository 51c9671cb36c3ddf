import type { BulkResponse } from '../api/allocations.ts';
import type { AllocationResult, Outcome } from '../service/allocations.ts';
import type { Network } from '../service/networks.ts';
import { errorBody, STATUS } from './errors.ts';
import type { Views, Written } from './view.ts';

type Result = Written<Omit<BulkResponse['results'][number], 'allocation'>> & { readonly allocation?: object };

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
    const stencils = new Map<Network, Stencil>();
    let text = '';
    for (const outcome of outcomes) text += `,${this.#textOf(outcome, stencils)}`;
    this.#results.push(Buffer.from(this.#results.length === 0 ? text.slice(1) : text));
  }

  parts(): Buffer[] {
    const counts = { created: this.#created, existing: this.#existing, failed: this.#failed };
    const head = `${JSON.stringify(counts).slice(0, -1)},"results":[`;
    return [Buffer.from(head), ...this.#results, Buffer.from(']}')];
  }

  #textOf(outcome: Outcome, stencils: Map<Network, Stencil>): string {
    if ('error' in outcome) {
      this.#failed++;
      const status = STATUS[outcome.error.code];
      return textOf({ status, error: errorBody(outcome.error, status, this.#requestId) });
    }
    const { created, network, allocation } = outcome;
    if (created) this.#created++;
    else this.#existing++;
    if (!created || !isPlain(outcome)) {
      return textOf({ status: created ? 201 : 200, allocation: this.#view.allocation(outcome) });
    }
    let stencil = stencils.get(network);
    if (stencil?.allocated_at !== allocation.allocated_at) {
      stencil = new Stencil(this.#view, outcome);
      stencils.set(network, stencil);
    }
    return stencil.fill(outcome);
  }
}

function textOf(result: Result): string {
  return JSON.stringify(result);
}

/** Whether nothing but address, VM and host name tells it from what others got in the same network at the same time. */
function isPlain({ allocation: { nic, offset, last, attributes } }: AllocationResult): boolean {
  for (const name in attributes) if (name !== 'hostname') return false;
  return nic === '' && last === offset;
}

/** Stands where they differ; nothing else in an answer holds it. */
const HOLE = '\0';

/** The plain results of one network and time: the same text but for its holes. Takes 1.7 µs where JSON.stringify takes 4. */
class Stencil {
  readonly allocated_at: number;
  readonly #view: Views;
  readonly #pieces: readonly string[];

  constructor(view: Views, given: AllocationResult) {
    this.#view = view;
    this.allocated_at = given.allocation.allocated_at;
    const allocation = { ...view.allocation(given), id: HOLE, ip: HOLE, vm_id: HOLE, hostname: HOLE };
    this.#pieces = textOf({ status: 201, allocation }).split(JSON.stringify(HOLE));
  }

  fill(given: AllocationResult): string {
    const { network, allocation } = given;
    const { offset, vm_id, attributes } = allocation;
    const [first, beforeIp, beforeVm, beforeHostname, last] = this.#pieces;
    const id = this.#view.id(given);
    const vm = vm_id === '' ? 'null' : JSON.stringify(vm_id);
    const hostname = JSON.stringify(attributes.hostname ?? '');
    return `${first}"${id}"${beforeIp}"${network.ipAt(offset)}"${beforeVm}${vm}${beforeHostname}${hostname}${last}`;
  }
}
