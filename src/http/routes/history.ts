import type { HISTORY_OPERATIONS } from '../../api/operations/history.ts';
import type { Handlers } from '../endpoints.ts';
import type { AuditEntry, Tenure as TenureAnswer } from '../../api/history.ts';
import { type ReconcileResponse } from '../../api/history.ts';
import { formatAddress, parseAddress } from '../../net/address.ts';
import { PoolError } from '../../errors.ts';
import { AllocationIds } from '../../service/allocation-id.ts';
import { invalidAddress } from '../../service/allocations.ts';
import { type Recorded, resourceOf, type Tenure } from '../../service/history.ts';
import type { Missing } from '../../service/reclaim.ts';
import type { UseCases } from '../../service/use-cases.ts';
import { respondJson } from '../respond.ts';
import { timeField } from '../parse-fields.ts';
import { respondList, cursorOf, slicesOf, wantedOf } from '../pagination.ts';
import { queryText, queryVrf } from '../query.ts';
import { scopeOf } from '../scope.ts';

const DEFAULT_LIMIT = 100;
const DEFAULT_GRACE = 600;

/** The doors to what happened, and to what should have. */
export function historyHandlers({
  history: chronicle,
  reclaim: reconciliation,
}: UseCases): Handlers<typeof HISTORY_OPERATIONS> {
  const ids = new AllocationIds();

  return {
    'GET /api/v1/audit': async (ctx) => {
      const wanted = wantedOf(ctx, DEFAULT_LIMIT);
      const entries = chronicle.audit(scopeOf(ctx), {
        since: optionalTime('since', queryText(ctx, 'since')),
        until: optionalTime('until', queryText(ctx, 'until')),
        action: queryText(ctx, 'action'),
        resource: queryText(ctx, 'resource'),
        vrf: queryVrf(ctx),
        after: cursorOf(queryText(ctx, 'cursor'), (id) => (chronicle.isRecord(id) ? id : undefined)),
      });
      await respondList(ctx, wanted, slicesOf(entries), viewEntry, ({ id }) => id);
    },

    'GET /api/v1/history': async (ctx) => {
      const ip = queryText(ctx, 'ip');
      const vmId = queryText(ctx, 'vm_id');
      if ((ip === undefined) === (vmId === undefined)) {
        throw new PoolError('invalid_request', 'ip is missing: ask for ?ip=, with &at= if you like, or for ?vm_id=', {
          field: 'ip',
        });
      }
      const tenures = chronicle.tenures(scopeOf(ctx), {
        ip: ip === undefined ? undefined : addressText(ip),
        vrf: queryVrf(ctx),
        vmId,
        at: optionalTime('at', queryText(ctx, 'at')),
      });
      await respondList(ctx, wantedOf(ctx, DEFAULT_LIMIT), slicesOf(tenures), viewTenure);
    },

    'POST /api/v1/reconcile': async (ctx, body) => {
      const { network, vrf, scope, live, grace_seconds = DEFAULT_GRACE, dry_run = true, force = false } = body;
      const { checked, missing } = await reconciliation.run(scopeOf(ctx), {
        network: network ?? undefined,
        vrf: vrf ?? undefined,
        vmIdPrefix: scope?.vm_id_prefix,
        tag: scope?.tag,
        live: new Set(live),
        graceSeconds: grace_seconds,
        dryRun: dry_run,
        force,
      });
      respondJson(ctx, 200, {
        dry_run,
        checked,
        missing: missing.map((each) => viewMissing(each, ids.of(each))),
        released: missing.filter(({ released }) => released).length,
      } satisfies ReconcileResponse);
    },
  };
}

function optionalTime(field: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : timeField(field, text);
}

/** An address in the one spelling in which it was written down. */
function addressText(ip: string): string {
  const address = parseAddress(ip);
  if (address) return formatAddress(address.family, address.value);
  throw invalidAddress(ip);
}

const time = (at: number) => new Date(at).toISOString();

function viewEntry({ id, event }: Recorded): AuditEntry {
  const { type, ...facts } = event;
  const {
    at = 0,
    actor = '',
    request_id = '',
    ...details
  } = facts as typeof facts & Partial<Record<'actor' | 'request_id', string>> & { at?: number };
  for (const name of ['expires_at', 'allocated_at', 'cooling_until', 'sticky_until', 'missing_since'] as const) {
    const value = (details as Record<string, unknown>)[name];
    if (typeof value === 'number') (details as Record<string, unknown>)[name] = time(value);
  }
  return { id, timestamp: time(at), action: type, resource: resourceOf(event), details, user: actor, request_id };
}

function viewTenure(tenure: Tenure): TenureAnswer {
  return {
    network_id: tenure.network,
    vrf: tenure.vrf,
    ip: tenure.ip,
    ...(tenure.end_ip === undefined ? {} : { end_ip: tenure.end_ip }),
    vm_id: tenure.vm_id === '' ? null : tenure.vm_id,
    nic: tenure.nic,
    hostname: tenure.hostname ?? '',
    mac: tenure.mac ?? null,
    from: time(tenure.from),
    until: tenure.until === undefined ? null : time(tenure.until),
    reason: tenure.reason ?? null,
    allocated_by: tenure.allocated_by ?? null,
    released_by: tenure.released_by ?? null,
  };
}

function viewMissing(
  { network, allocation, missing_since, due, released }: Missing,
  id: string,
): ReconcileResponse['missing'][number] {
  const { offset, vm_id, nic } = allocation;
  return {
    id,
    network_id: network.id,
    vrf: network.vrf,
    ip: network.ipAt(offset),
    vm_id,
    nic,
    missing_since: time(missing_since),
    due,
    released,
  };
}
