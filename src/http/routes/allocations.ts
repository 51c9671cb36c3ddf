import type { ALLOCATION_OPERATIONS } from '../../api/operations/allocations.ts';
import type { Handlers } from '../endpoints.ts';
import type { Context } from 'koa';
import { type NetworkAllocation } from '../../api/allocations.ts';
import { PoolError } from '../../errors.ts';
import type { AllocationRequest, AllocationResult } from '../../service/allocations.ts';
import type { Scope } from '../../service/scope.ts';
import type { ListFilter } from '../../service/listing.ts';
import { formatListPosition, parseListPosition } from '../../service/list-position.ts';
import { withIndex } from '../../service/allocation-request.ts';
import type { UseCases } from '../../service/use-cases.ts';
import { respondEmpty, respondJson, respondParts } from '../respond.ts';
import { bulkItemOf, macOf, requestsOf, ttlOf } from '../allocation-body.ts';
import { BulkText } from '../bulk-response.ts';
import { cidrField, macField } from '../parse-fields.ts';
import { respondList, cursorOf, wantedOf } from '../pagination.ts';
import { queryFlag, queryText, queryVrf } from '../query.ts';
import { scopeOf } from '../scope.ts';
import { Views, type Written } from '../view.ts';

const KEY = /^[\x21-\x7e]{1,128}$/;

/** The door of allocations in any network. */
export function allocationHandlers({
  allocations,
  bulk,
  listing,
  history: chronicle,
}: UseCases): Handlers<typeof ALLOCATION_OPERATIONS> {
  const view = new Views();

  /** What is held, in the order of addresses; then what has ended, the latest first. */
  async function* entries(
    scope: Scope,
    filter: ListFilter,
    cursor: Place | undefined,
    wanted: ReadonlySet<string>,
  ): AsyncGenerator<Entry[]> {
    if (wanted.has('allocated') && cursor?.record === undefined) {
      for await (const slice of listing.list(scope, { ...filter, after: cursor?.position })) {
        yield slice.map((held) => {
          const answer = view.allocation(held);
          return { answer, place: formatListPosition(held) };
        });
      }
    }
    if (!wanted.has('released') && !wanted.has('expired')) return;
    for await (const ended of chronicle.ended(scope, filter, cursor?.record)) {
      const answer = view.ended(ended);
      if (wanted.has(answer.status)) yield [{ answer, place: `#${ended.id}` }];
    }
  }

  return {
    'POST /api/v1/allocations': async (ctx, body) => {
      const requests = requestsOf(body, keyOf(ctx));
      const given = await allocations.allocateAll(scopeOf(ctx), requests);
      const answers = given.map(view.allocation);
      const isList = body.contiguous === false || Array.isArray(body.networks);
      respondJson(ctx, statusOf(given), isList ? answers : (answers[0] ?? {}));
    },

    'POST /api/v1/allocations/bulk': async (ctx, body) => {
      const { requests: items, atomic } = body;
      const key = keyOf(ctx);
      const scope = scopeOf(ctx);
      const keyAt = (index: number) => (key === undefined ? undefined : `${key} /${index}`);
      const rows = readAll(items, (item, index) => bulkItemOf(item, keyAt(index)));
      const answer = new BulkText(view, scope.requestId);
      if (atomic) answer.add(await allocations.allocateAll(scope, [...rows].map(orThrow)));
      else for await (const outcomes of bulk.allocate(scope, rows)) answer.add(outcomes);
      respondParts(ctx, 200, answer.parts());
    },

    'GET /api/v1/allocations': async (ctx) => {
      const filter = filterOf(ctx);
      const cursor = cursorOf(queryText(ctx, 'cursor'), (text) => readPlace(text, (id) => chronicle.isRecord(id)));
      const found = entries(scopeOf(ctx), filter, cursor, statusesOf(ctx));
      await respondList(
        ctx,
        wantedOf(ctx),
        found,
        ({ answer }) => answer,
        ({ place }) => place,
      );
    },

    'GET /api/v1/allocations/{id}': async (ctx) => {
      const id = idOf(ctx);
      const scope = scopeOf(ctx);
      try {
        respondJson(ctx, 200, view.allocation(await listing.byId(scope, id)));
      } catch (error) {
        if (!(error instanceof PoolError) || error.code !== 'allocation_not_found') throw error;
        respondJson(ctx, 200, view.ended(await chronicle.endedById(scope, id)));
      }
    },

    'PATCH /api/v1/allocations/{id}': async (ctx, body) => {
      const { mac, hostname, description, ...rest } = body;
      const wish = {
        ...rest,
        hostname: hostname === '' ? null : hostname,
        description: description === '' ? null : description,
        mac: mac === undefined ? undefined : mac === null || mac === '' ? null : macOf(mac),
      };
      respondJson(ctx, 200, view.allocation(await allocations.update(scopeOf(ctx), idOf(ctx), wish)));
    },

    'POST /api/v1/allocations/{id}/release': async (ctx) => {
      await allocations.releaseById(scopeOf(ctx), idOf(ctx));
      respondEmpty(ctx);
    },

    'POST /api/v1/allocations/{id}/renew': async (ctx, body) => {
      const ttl = body && ttlOf(body);
      respondJson(ctx, 200, view.allocation(await allocations.renew(scopeOf(ctx), idOf(ctx), ttl)));
    },
  };
}

function idOf(ctx: Context): string {
  return String((ctx.params as Record<string, string>).id);
}

/** What a caller who names no VM can ask again by. @throws PoolError `invalid_request` */
function keyOf(ctx: Context): string | undefined {
  const key = ctx.req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw new PoolError('invalid_request', 'Idempotency-Key is invalid: it must be 1 to 128 printable ASCII characters', {
    field: 'Idempotency-Key',
  });
}

function filterOf(ctx: Context): ListFilter {
  const cidr = queryText(ctx, 'cidr');
  const mac = queryText(ctx, 'mac');
  return {
    network: queryText(ctx, 'network_id') ?? queryText(ctx, 'network'),
    vrf: queryVrf(ctx),
    ip: queryText(ctx, 'ip'),
    cidr: cidr === undefined ? undefined : cidrField('cidr', cidr),
    vmId: queryText(ctx, 'vm_id'),
    vmIdPrefix: queryText(ctx, 'vm_id_prefix'),
    hostname: queryText(ctx, 'hostname'),
    mac: mac === undefined ? undefined : macField('mac', mac),
    tag: queryText(ctx, 'tag'),
  };
}

interface Entry {
  readonly answer: Written<NetworkAllocation>;
  /** Where a list goes on behind it. */
  readonly place: string;
}

/** After a position in the list of allocations, or after a record of one that has ended. */
type Place =
  | { readonly position: string; readonly record?: undefined }
  | { readonly position?: undefined; readonly record: string };

function readPlace(text: string, isRecord: (text: string) => boolean): Place | undefined {
  if (text.startsWith('#')) return isRecord(text.slice(1)) ? { record: text.slice(1) } : undefined;
  return parseListPosition(text) ? { position: text } : undefined;
}

const STATUSES: readonly string[] = ['allocated', 'released', 'expired'];

/** Which of them are asked for: those that stand, unless `?status=` or `?all=true` say otherwise. */
function statusesOf(ctx: Context): ReadonlySet<string> {
  const status = queryText(ctx, 'status');
  if (status === 'all' || (status === undefined && queryFlag(ctx, 'all'))) return new Set(STATUSES);
  if (status === undefined) return new Set(['allocated']);
  if (STATUSES.includes(status)) return new Set([status]);
  throw new PoolError('invalid_request', 'status is invalid: it must be one of allocated, released, expired, all', {
    field: 'status',
  });
}

function statusOf(given: readonly AllocationResult[]): number {
  return given.some(({ created }) => created) ? 201 : 200;
}

/** What rows mean, or why they mean nothing, each when its turn comes. */
function* readAll<Item>(
  items: readonly Item[],
  read: (item: Item, index: number) => AllocationRequest,
): Generator<AllocationRequest | PoolError> {
  for (const [index, item] of items.entries()) {
    try {
      yield read(item, index);
    } catch (error) {
      if (!(error instanceof PoolError)) throw error;
      yield error;
    }
  }
}

function orThrow(row: AllocationRequest | PoolError, index: number): AllocationRequest {
  if (row instanceof PoolError) throw withIndex(row, index);
  return row;
}
