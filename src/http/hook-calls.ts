import { type AllocateRequest, type DualAllocation, type Released, VM_ID_RULE, VmId } from '../api/schema.ts';
import { checker } from '../api/validate.ts';
import { PoolError } from '../errors.ts';
import type { Scope } from '../service/transactions.ts';
import type { UseCases } from '../service/use-cases.ts';
import { Views, type Written } from './view.ts';

/** What a call responds with on success. */
export interface Reply {
  readonly status: number;
  readonly body: object;
}

const checkVmId = checker(VmId);

/** The calls that lifecycle hooks make constantly, without Koa, so that the routes and the hot path share them. */
export class HookCalls {
  readonly #useCases: UseCases;
  readonly #view = new Views().sidecar;

  constructor(useCases: UseCases) {
    this.#useCases = useCases;
  }

  /** @param network id, name or CIDR; not used when the body names several */
  async allocate(scope: Scope, network: string, { vm_id, hostname, networks }: AllocateRequest): Promise<Reply> {
    const owner = { vm_id, nic: '' };
    const attributes = { hostname: hostname ?? undefined };
    if (!networks) {
      const allocation = await this.#useCases.allocations.allocate(scope, { network, owner, attributes });
      return { status: allocation.created ? 201 : 200, body: this.#view(allocation) };
    }
    const requests = networks.map((name) => ({ network: name, owner, attributes }));
    const allocations = await this.#useCases.allocations.allocateAll(scope, requests);
    const addresses = allocations.map(this.#view);
    const body = { ...addresses[0], addresses } as Written<DualAllocation>;
    return { status: allocations.some(({ created }) => created) ? 201 : 200, body };
  }

  async get(scope: Scope, network: string, vm_id: string): Promise<Reply> {
    const owner = { vm_id, nic: '' };
    return { status: 200, body: this.#view(await this.#useCases.listing.get(scope, { network, owner })) };
  }

  /** @param ip released only if the VM still has this address */
  async release(scope: Scope, network: string, vm_id: string, ip?: string): Promise<Reply> {
    const request = { network, owner: { vm_id, nic: '' }, ...(ip === undefined ? {} : { ip }) };
    const released = await this.#useCases.allocations.release(scope, request);
    return { status: 200, body: viewReleased(released) };
  }
}

/** A VM id from a path. @throws PoolError `invalid_request` */
export function parseVmId(text: string): string {
  const checked = checkVmId(text);
  if ('value' in checked) return checked.value;
  throw new PoolError('invalid_request', `vm_id is invalid: it must be ${VM_ID_RULE}`, { field: 'vm_id' });
}

type ReleasedAllocation = Awaited<ReturnType<UseCases['allocations']['release']>>;

export function viewReleased({ network, allocation }: ReleasedAllocation): Released {
  return { message: 'IP released successfully', vm_id: allocation.vm_id, ip: network.ipAt(allocation.offset) };
}
