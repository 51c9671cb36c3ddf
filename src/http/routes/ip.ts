import Router from '@koa/router';
import type { Context } from 'koa';
import { AllocateRequest, ROUTE_WORDS, type Stats } from '../../api/schema.ts';
import { checker } from '../../api/validate.ts';
import { parseAddress } from '../../net/address.ts';
import { invalidAddress } from '../../service/allocations.ts';
import { DEFAULT_NETWORK_ID } from '../../service/networks.ts';
import type { UseCases } from '../../service/use-cases.ts';
import { respondJson } from '../respond.ts';
import { bodyReader } from '../body.ts';
import { HookCalls, parseVmId, viewReleased } from '../hook-calls.ts';
import { respondList, cursorOf, wantedOf } from '../pagination.ts';
import { queryText } from '../query.ts';
import { scopeOf } from '../scope.ts';
import { countOf, Views } from '../view.ts';

const checkAllocate = checker(AllocateRequest);

/** The API of the sidecar: what the clients of the Rust ippool use, and more fields. On `default`, or on `?network=`. */
export function ipRoutes(useCases: UseCases): Router {
  const { allocations, listing, networks } = useCases;
  const router = new Router({ prefix: '/api/v1/ip', sensitive: true }); // a VM may be called Stats

  const readBody = bodyReader();
  const { sidecar: view } = new Views();
  const calls = new HookCalls(useCases);

  router.post('/allocate', async (ctx) => {
    const body = await readBody(ctx, checkAllocate);
    const scope = scopeOf(ctx);
    const { status, body: allocation } = await calls.allocate(scope, body.networks ? '' : networkOf(ctx), body);
    respondJson(ctx, status, allocation);
  });

  router.delete('/release/:vm_id', async (ctx) => {
    const vmId = parseVmId(ctx.params.vm_id ?? '');
    const ip = queryText(ctx, 'ip');
    if (ip !== undefined && !parseAddress(ip)) throw invalidAddress(ip);
    const scope = scopeOf(ctx);
    ctx.body = (await calls.release(scope, networkOf(ctx), vmId, ip)).body;
  });

  router.delete('/release-by-ip/:ip', async (ctx) => {
    const held = await allocations.releaseByIp(scopeOf(ctx), {
      network: queryText(ctx, 'network'),
      ip: ctx.params.ip ?? '',
    });
    respondJson(ctx, 200, viewReleased(held));
  });

  router.get('/allocations', async (ctx) => {
    const found = listing.list(scopeOf(ctx), {
      network: networkOf(ctx),
      after: cursorOf(queryText(ctx, 'cursor'), (ip) => (parseAddress(ip) ? ip : undefined)),
      ip: queryText(ctx, 'ip'),
      vmIdPrefix: queryText(ctx, 'vm_id_prefix'),
    });
    await respondList(ctx, wantedOf(ctx), found, view, ({ network, allocation }) => network.ipAt(allocation.offset));
  });

  router.get('/stats', async (ctx) => {
    const { network, allocated, available, cooling } = await networks.stats(scopeOf(ctx), networkOf(ctx));
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
    const vmId = parseVmId(ctx.params.vm_id ?? '');
    const scope = scopeOf(ctx);
    ctx.body = (await calls.get(scope, networkOf(ctx), vmId)).body;
  });

  return router;
}

function networkOf(ctx: Context): string {
  return queryText(ctx, 'network') ?? DEFAULT_NETWORK_ID;
}
