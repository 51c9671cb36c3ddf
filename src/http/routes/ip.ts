import type { IP_OPERATIONS } from '../../api/operations/ip.ts';
import type { Handlers } from '../endpoints.ts';
import type { Context } from 'koa';
import { ROUTE_WORDS, type Stats } from '../../api/schema.ts';
import { parseAddress } from '../../net/address.ts';
import { invalidAddress } from '../../service/allocations.ts';
import { formatListPosition, parseListPosition } from '../../service/list-position.ts';
import { DEFAULT_NETWORK_ID } from '../../service/networks.ts';
import type { UseCases } from '../../service/use-cases.ts';
import { respondJson } from '../respond.ts';
import { HookCalls, parseVmId, viewReleased } from '../hook-calls.ts';
import { respondList, cursorOf, wantedOf } from '../pagination.ts';
import { queryText, queryVrf } from '../query.ts';
import { scopeOf } from '../scope.ts';
import { countOf, Views } from '../view.ts';

/** The API of the sidecar: what the clients of the Rust ippool use, and more fields. On `default`, or on `?network=`. */
export function ipHandlers(useCases: UseCases): Handlers<typeof IP_OPERATIONS> {
  const { allocations, listing, networks } = useCases;
  const { sidecar: view } = new Views();
  const calls = new HookCalls(useCases);

  return {
    'POST /api/v1/ip/allocate': async (ctx, body) => {
      const scope = scopeOf(ctx);
      const { status, body: allocation } = await calls.allocate(
        scope,
        body.networks ? '' : networkOf(ctx),
        body,
        queryVrf(ctx),
      );
      respondJson(ctx, status, allocation);
    },

    'DELETE /api/v1/ip/release/{vm_id}': async (ctx) => {
      const vmId = parseVmId(ctx.params.vm_id);
      const ip = queryText(ctx, 'ip');
      if (ip !== undefined && !parseAddress(ip)) throw invalidAddress(ip);
      const scope = scopeOf(ctx);
      ctx.body = (await calls.release(scope, networkOf(ctx), vmId, ip, queryVrf(ctx))).body;
    },

    'DELETE /api/v1/ip/release-by-ip/{ip}': async (ctx) => {
      const held = await allocations.releaseByIp(scopeOf(ctx), {
        network: queryText(ctx, 'network'),
        vrf: queryVrf(ctx),
        ip: ctx.params.ip,
      });
      respondJson(ctx, 200, viewReleased(held));
    },

    'GET /api/v1/ip/allocations': async (ctx) => {
      const found = listing.list(scopeOf(ctx), {
        network: networkOf(ctx),
        vrf: queryVrf(ctx),
        after: cursorOf(queryText(ctx, 'cursor'), (text) => (parseListPosition(text) ? text : undefined)),
        ip: queryText(ctx, 'ip'),
        vmIdPrefix: queryText(ctx, 'vm_id_prefix'),
      });
      await respondList(ctx, wantedOf(ctx), found, view, formatListPosition);
    },

    'GET /api/v1/ip/stats': async (ctx) => {
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
    },

    'GET /api/v1/ip/{vm_id}': async (ctx, _body, next) => {
      // The words of other routes are no VMs: let the router answer 404, or 405 with what is allowed there.
      if (ROUTE_WORDS.some((word) => word === ctx.params.vm_id)) {
        await next();
        return;
      }
      const vmId = parseVmId(ctx.params.vm_id);
      const scope = scopeOf(ctx);
      ctx.body = (await calls.get(scope, networkOf(ctx), vmId, queryVrf(ctx))).body;
    },
  };
}

function networkOf(ctx: Context): string {
  return queryText(ctx, 'network') ?? DEFAULT_NETWORK_ID;
}
