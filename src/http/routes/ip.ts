import { Readable } from 'node:stream';
import Router from '@koa/router';
import type { Context } from 'koa';
import {
  AllocateRequest,
  type Allocation,
  type Released,
  ROUTE_WORDS,
  type Stats,
  VM_ID_RULE,
  VmId,
} from '../../api/schema.ts';
import { checker } from '../../api/validate.ts';
import { parseIPv4 } from '../../net/address.ts';
import { PoolError } from '../../pool/errors.ts';
import type { Allocations, Held, Scope } from '../../service/allocations.ts';
import { answerJson } from '../answer.ts';
import { bodyReader } from '../body.ts';
import { queryInteger, queryText } from '../query.ts';

/** The sidecar's own network. */
const NETWORK = 'default';
const MAX_LIMIT = 10_000;

const checkAllocate = checker(AllocateRequest);
const checkVmId = checker(VmId);

/** The door of the sidecar: what the clients of the Rust ippool speak, and more fields. */
export function ipRoutes(allocations: Allocations): Router {
  const router = new Router({ prefix: '/api/v1/ip', sensitive: true }); // a VM may be called Stats

  const readBody = bodyReader();
  const view = viewer();

  router.post('/allocate', async (ctx) => {
    const { vm_id, hostname } = await readBody(ctx, checkAllocate);
    const request = { network: NETWORK, owner: { vm_id, nic: '' }, hostname: hostname ?? undefined };
    const held = await allocations.allocate(scopeOf(ctx), request);
    answerJson(ctx, held.created ? 201 : 200, view(held));
  });

  router.delete('/release/:vm_id', async (ctx) => {
    const owner = { vm_id: vmIdOf(ctx.params.vm_id), nic: '' };
    const ip = queryText(ctx, 'ip');
    if (ip !== undefined && parseIPv4(ip) === undefined) throw invalidAddress(ip);
    const held = await allocations.release(scopeOf(ctx), {
      network: NETWORK,
      owner,
      ...(ip === undefined ? {} : { ip }),
    });
    answerJson(ctx, 200, released(held));
  });

  router.delete('/release-by-ip/:ip', async (ctx) => {
    const held = await allocations.releaseByIp(scopeOf(ctx), { network: NETWORK, ip: ctx.params.ip ?? '' });
    answerJson(ctx, 200, released(held));
  });

  router.get('/allocations', async (ctx) => {
    const limit = queryInteger(ctx, 'limit', 1, MAX_LIMIT);
    const after = cursorOf(ctx);
    const ip = queryText(ctx, 'ip');
    const vmIdPrefix = queryText(ctx, 'vm_id_prefix');
    const found = allocations.list(scopeOf(ctx), {
      network: NETWORK,
      ...(after === undefined ? {} : { after }),
      ...(ip === undefined ? {} : { ip }),
      ...(vmIdPrefix === undefined ? {} : { vmIdPrefix }),
    });
    if (limit === undefined) {
      ctx.type = 'json';
      ctx.body = Readable.from(jsonArray(found, view));
      return;
    }
    const page: Held[] = [];
    for await (const slice of found) {
      page.push(...slice);
      if (page.length > limit) break;
    }
    const answer = page.slice(0, limit).map(view);
    if (page.length > limit) ctx.set('Link', `<${nextPage(ctx, answer.at(-1)?.ip ?? '')}>; rel="next"`);
    answerJson(ctx, 200, answer);
  });

  router.get('/stats', (ctx) => {
    const { network, total, allocated, available } = allocations.stats(scopeOf(ctx), NETWORK);
    answerJson(ctx, 200, {
      network: network.cidrText,
      gateway: network.gatewayText,
      total,
      allocated,
      available,
      usage: total === 0 ? 0 : (allocated / total) * 100,
    } satisfies Stats);
  });

  router.get('/:vm_id', async (ctx, next) => {
    // The words of other routes are no VMs: let the router answer 404, or 405 with what is allowed there.
    if (ROUTE_WORDS.some((word) => word === ctx.params.vm_id)) {
      await next();
      return;
    }
    const owner = { vm_id: vmIdOf(ctx.params.vm_id), nic: '' };
    answerJson(ctx, 200, view(await allocations.get(scopeOf(ctx), { network: NETWORK, owner })));
  });

  return router;
}

function scopeOf(ctx: Context): Scope {
  return { actor: 'anonymous', requestId: ctx.state.requestId as string };
}

function vmIdOf(text = ''): string {
  const checked = checkVmId(text);
  if ('value' in checked) return checked.value;
  throw new PoolError('invalid_request', `vm_id is invalid: it must be ${VM_ID_RULE}`, { field: 'vm_id' });
}

function invalidAddress(ip: string): PoolError {
  return new PoolError('invalid_address', 'Invalid IP address', { field: 'ip', ip: ip.slice(0, 64) });
}

/** Makes answers of allocations. Keeps the text of the last time: under load many fall into one millisecond. */
function viewer(): (held: Held) => Allocation {
  let last = { at: Number.NaN, text: '' };
  return ({ network, allocation }) => {
    const { vm_id, hostname, offset, allocated_at: at } = allocation;
    if (at !== last.at) last = { at, text: new Date(at).toISOString() };
    const answer = {
      ip: network.ipAt(offset),
      vm_id,
      gateway: network.gatewayText,
      network: network.cidrText,
      prefix_length: network.cidr.prefixLength,
    };
    return hostname === undefined
      ? { ...answer, allocated_at: last.text }
      : { ...answer, hostname, allocated_at: last.text };
  };
}

function released({ network, allocation }: Held): Released {
  return { message: 'IP released successfully', vm_id: allocation.vm_id, ip: network.ipAt(allocation.offset) };
}

async function* jsonArray(slices: AsyncIterable<Held[]>, view: (held: Held) => Allocation): AsyncGenerator<string> {
  let before = '[';
  for await (const slice of slices) {
    let text = '';
    for (const held of slice) {
      text += before + JSON.stringify(view(held));
      before = ',';
    }
    if (text !== '') yield text;
  }
  yield before === '[' ? '[]' : ']';
}

/** A cursor is the address that the page before ended with, wrapped so that nobody computes one. */
function cursorOf(ctx: Context): string | undefined {
  const cursor = queryText(ctx, 'cursor');
  if (cursor === undefined) return undefined;
  const ip = Buffer.from(cursor, 'base64url').toString('latin1');
  if (parseIPv4(ip) !== undefined) return ip;
  throw new PoolError('invalid_request', 'cursor is invalid: take the one from the Link header of the page before', {
    field: 'cursor',
  });
}

function nextPage(ctx: Context, lastIp: string): string {
  const query = new URLSearchParams(ctx.querystring);
  query.set('cursor', Buffer.from(lastIp, 'latin1').toString('base64url'));
  return `${ctx.path}?${query.toString()}`;
}
