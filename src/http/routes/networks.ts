import type { NETWORK_OPERATIONS } from '../../api/operations/networks.ts';
import type { Handlers } from '../endpoints.ts';
import type { Context } from 'koa';
import type { NetworkChange } from '../../api/networks.ts';
import { formatRange } from '../../net/range.ts';
import { PoolError } from '../../errors.ts';
import type { UseCases } from '../../service/use-cases.ts';
import { respondEmpty, respondJson } from '../respond.ts';
import { addressField, cidrField, rangesField, rangeField, timeField } from '../parse-fields.ts';
import { respondAll } from '../pagination.ts';
import { queryFlag, queryVrf } from '../query.ts';
import { scopeOf } from '../scope.ts';
import { Views } from '../view.ts';

const FREE_RANGES = 10_000;

/** The door of networks and their reservations. A network is named by its id, its name or its CIDR. */
export function networkHandlers({ networks }: UseCases): Handlers<typeof NETWORK_OPERATIONS> {
  const view = new Views();

  return {
    'GET /api/v1/networks': async (ctx) => {
      const vrf = queryVrf(ctx);
      await respondAll(ctx, (await networks.list(scopeOf(ctx), vrf)).map(view.network));
    },

    'POST /api/v1/networks': async (ctx, body) => {
      const { cidr, ...rest } = body;
      const network = await networks.add(scopeOf(ctx), { cidr: cidrField('cidr', cidr), ...specOf(rest) });
      ctx.set('Location', `/api/v1/networks/${network.id}`);
      respondJson(ctx, 201, view.network(network));
    },

    'GET /api/v1/networks/{network}': async (ctx) => {
      respondJson(ctx, 200, view.network(await networks.get(scopeOf(ctx), nameOf(ctx), queryVrf(ctx))));
    },

    'PATCH /api/v1/networks/{network}': async (ctx, body) => {
      const { cidr, ...rest } = body;
      const wish = { ...(cidr === undefined ? {} : { cidr: cidrField('cidr', cidr) }), ...specOf(rest) };
      respondJson(ctx, 200, view.network(await networks.update(scopeOf(ctx), nameOf(ctx), wish, queryVrf(ctx))));
    },

    'DELETE /api/v1/networks/{network}': async (ctx) => {
      await networks.remove(scopeOf(ctx), nameOf(ctx), queryFlag(ctx, 'force'), queryVrf(ctx));
      respondEmpty(ctx);
    },

    'GET /api/v1/networks/{network}/stats': async (ctx) => {
      const scope = scopeOf(ctx);
      const withRanges = queryFlag(ctx, 'free_ranges');
      const stats = view.stats(await networks.stats(scope, nameOf(ctx), queryVrf(ctx)));
      if (!withRanges) {
        respondJson(ctx, 200, stats);
        return;
      }
      const ranges = await networks.freeRanges(scope, nameOf(ctx), FREE_RANGES, queryVrf(ctx));
      respondJson(ctx, 200, { ...stats, free_ranges: ranges.map(formatRange) });
    },

    'GET /api/v1/networks/{network}/reservations': async (ctx) => {
      const network = await networks.get(scopeOf(ctx), nameOf(ctx), queryVrf(ctx));
      const reservations = [...network.reservations.values()];
      await respondAll(
        ctx,
        reservations.map((reservation) => view.reservation(network, reservation)),
      );
    },

    'POST /api/v1/networks/{network}/reservations': async (ctx, body) => {
      const { range, reason, vm_id, nic, expires_at } = body;
      const spec = {
        range: rangeField('range', range),
        reason,
        owner: vm_id === undefined || vm_id === null ? undefined : { vm_id, nic: nic ?? '' },
        expires_at: expires_at === undefined || expires_at === null ? undefined : timeField('expires_at', expires_at),
      };
      const made = await networks.reserve(scopeOf(ctx), nameOf(ctx), spec, queryVrf(ctx));
      respondJson(ctx, 201, view.reservation(made.network, made.reservation));
    },

    'DELETE /api/v1/networks/{network}/reservations/{reservation}': async (ctx) => {
      await networks.unreserve(scopeOf(ctx), nameOf(ctx), ctx.params.reservation, queryVrf(ctx));
      respondEmpty(ctx);
    },
  };
}

function nameOf(ctx: Context): string {
  return String((ctx.params as Record<string, string>).network);
}

/** Settings as the service takes them: addresses and ranges read. */
export function specOf({ vrf, gateway, ranges, excluded, tags, ...rest }: Omit<NetworkChange, 'cidr'>) {
  if (gateway === '')
    throw new PoolError('invalid_request', 'gateway is invalid: null means none', { field: 'gateway' });
  return {
    ...rest,
    vrf: vrf ?? undefined,
    tags: tags === null ? [] : tags,
    gateway: gateway === undefined || gateway === null ? gateway : addressField('gateway', gateway),
    ranges: ranges === undefined ? undefined : rangesField('ranges', ranges ?? []),
    excluded: excluded === undefined ? undefined : rangesField('excluded', excluded ?? []),
  };
}
