import Router from '@koa/router';
import type { Context } from 'koa';
import {
  AllocateRequest,
  type DualAllocation,
  type Released,
  ROUTE_WORDS,
  type Stats,
  VM_ID_RULE,
  VmId,
} from '../../api/schema.ts';
import { checker } from '../../api/validate.ts';
import { parseAddress } from '../../net/address.ts';
import { PoolError } from '../../errors.ts';
import { type Held, invalidAddress } from '../../service/allocations.ts';
import { formatListPosition, parseListPosition } from '../../service/list-position.ts';
import { DEFAULT_NETWORK_ID } from '../../service/networks.ts';
import type { UseCases } from '../../service/use-cases.ts';
import { respondJson } from '../respond.ts';
import { bodyReader } from '../body.ts';
import { respondList, cursorOf, wantedOf } from '../pagination.ts';
import { queryText, queryVrf } from '../query.ts';
import { scopeOf } from '../scope.ts';
import { countOf, Views, type Written } from '../view.ts';

const checkAllocate = checker(AllocateRequest);
const checkVmId = checker(VmId);

/** The door of the sidecar: what the clients of the Rust ippool speak, and more fields. On `default`, or on `?network=`. */
export function ipRoutes({ allocations, listing, networks }: UseCases): Router {
  const router = new Router({ prefix: '/api/v1/ip', sensitive: true }); // a VM may be called Stats

  const readBody = bodyReader();
  const { sidecar: view } = new Views();

  router.post('/allocate', async (ctx) => {
    const { vm_id, hostname, networks: several } = await readBody(ctx, checkAllocate);
    const owner = { vm_id, nic: '' };
    const attributes = { hostname: hostname ?? undefined };
    const scope = scopeOf(ctx);
    if (several) {
      const requests = several.map((network) => ({ network, vrf: queryVrf(ctx), owner, attributes }));
      const all = await allocations.allocateAll(scope, requests);
      const addresses = all.map(view);
      const [first] = addresses;
      const isNew = all.some(({ created }) => created);
      if (first) respondJson(ctx, isNew ? 201 : 200, { ...first, addresses } satisfies Written<DualAllocation>);
      return;
    }
    const held = await allocations.allocate(scope, { network: networkOf(ctx), vrf: queryVrf(ctx), owner, attributes });
    respondJson(ctx, held.created ? 201 : 200, view(held));
  });

  router.delete('/release/:vm_id', async (ctx) => {
    const owner = { vm_id: vmIdOf(ctx.params.vm_id), nic: '' };
    const ip = queryText(ctx, 'ip');
    if (ip !== undefined && !parseAddress(ip)) throw invalidAddress(ip);
    const held = await allocations.release(scopeOf(ctx), {
      network: networkOf(ctx),
      vrf: queryVrf(ctx),
      owner,
      ...(ip === undefined ? {} : { ip }),
    });
    respondJson(ctx, 200, released(held));
  });

  router.delete('/release-by-ip/:ip', async (ctx) => {
    const held = await allocations.releaseByIp(scopeOf(ctx), {
      network: queryText(ctx, 'network'),
      vrf: queryVrf(ctx),
      ip: ctx.params.ip ?? '',
    });
    respondJson(ctx, 200, released(held));
  });

  router.get('/allocations', async (ctx) => {
    const found = listing.list(scopeOf(ctx), {
      network: networkOf(ctx),
      vrf: queryVrf(ctx),
      after: cursorOf(queryText(ctx, 'cursor'), (text) => (parseListPosition(text) ? text : undefined)),
      ip: queryText(ctx, 'ip'),
      vmIdPrefix: queryText(ctx, 'vm_id_prefix'),
    });
    await respondList(ctx, wantedOf(ctx), found, view, formatListPosition);
  });

  router.get('/stats', async (ctx) => {
    const { network, allocated, available, cooling } = await networks.stats(
      scopeOf(ctx),
      networkOf(ctx),
      queryVrf(ctx),
    );
    const total = allocated + available + cooling;
    respondJson(ctx, 200, {
      network: network.cidrText,
      gateway: network.gatewayText ?? null,
      total: countOf(total),
      allocated: countOf(allocated),
      available: countOf(available),
      usage: total === 0n ? 0 : (Number(allocated) / Number(total)) * 100,
    } satisfies Stats);
  });

  router.get('/:vm_id', async (ctx, next) => {
    // The words of other routes are no VMs: let the router answer 404, or 405 with what is allowed there.
    if (ROUTE_WORDS.some((word) => word === ctx.params.vm_id)) {
      await next();
      return;
    }
    const owner = { vm_id: vmIdOf(ctx.params.vm_id), nic: '' };
    respondJson(
      ctx,
      200,
      view(await listing.get(scopeOf(ctx), { network: networkOf(ctx), vrf: queryVrf(ctx), owner })),
    );
  });

  return router;
}

function networkOf(ctx: Context): string {
  return queryText(ctx, 'network') ?? DEFAULT_NETWORK_ID;
}

function vmIdOf(text = ''): string {
  const checked = checkVmId(text);
  if ('value' in checked) return checked.value;
  throw new PoolError('invalid_request', `vm_id is invalid: it must be ${VM_ID_RULE}`, { field: 'vm_id' });
}

function released({ network, allocation }: Held): Released {
  return { message: 'IP released successfully', vm_id: allocation.vm_id, ip: network.ipAt(allocation.offset) };
}
