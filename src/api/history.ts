import type { Static } from 'typebox';
import * as Type from 'typebox';
import { VRF_RULE } from '../net/vrf.ts';
import { Vrf } from './networks.ts';

// What happened: audit, who had what when, and what a list of living VMs says about leaks.

const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });

export const AuditEntry = Type.Object({
  id: Type.String(),
  timestamp: Time,
  action: Type.String({
    description:
      'network_added, network_updated, network_removed, reservation_added, reservation_removed, ip_allocated, ip_updated or ip_released',
  }),
  resource: Type.String({ description: 'the address, range or network' }),
  details: Type.Record(Type.String(), Type.Unknown()),
  user: Type.String(),
  request_id: Type.String(),
});
export type AuditEntry = Static<typeof AuditEntry>;
export const AuditList = Type.Array(AuditEntry);

export const Tenure = Type.Object({
  network_id: Type.String(),
  vrf: Type.String(),
  ip: Type.String(),
  end_ip: Type.Optional(Type.String()),
  vm_id: Type.Union([Type.String(), Type.Null()]),
  nic: Type.String(),
  hostname: Type.String(),
  mac: Type.Union([Type.String(), Type.Null()]),
  from: Time,
  until: Type.Union([Time, Type.Null()], { description: 'null: still' }),
  reason: Type.Union([Type.String(), Type.Null()], {
    description: 'why it ended: released, expired, reconciled, network_removed',
  }),
  allocated_by: Type.Union([Type.String(), Type.Null()]),
  released_by: Type.Union([Type.String(), Type.Null()]),
});
export type Tenure = Static<typeof Tenure>;
export const TenureList = Type.Array(Tenure);

export const ReconcileRequest = Type.Object(
  {
    network: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Null()], {
        description: 'the id, name or CIDR of a network',
      }),
    ),
    vrf: Type.Optional(Type.Union([Vrf, Type.Null()], { description: `the name of a VRF: ${VRF_RULE}` })),
    scope: Type.Optional(
      Type.Union(
        [
          Type.Object({
            vm_id_prefix: Type.Optional(Type.String({ maxLength: 128 })),
            tag: Type.Optional(Type.String({ maxLength: 64 })),
          }),
          Type.Null(),
        ],
        { description: 'an object with vm_id_prefix, tag, or both' },
      ),
    ),
    live: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
      maxItems: 200_000,
      description: 'a list of the vm_ids that live',
    }),
    grace_seconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 31_536_000, description: 'whole seconds; default 600' }),
    ),
    dry_run: Type.Optional(Type.Boolean({ description: 'true or false; default true' })),
    force: Type.Optional(Type.Boolean({ description: 'true or false; default false' })),
  },
  {
    description: 'a JSON object such as {"scope":{"tag":"host-7"},"live":["vm-1"],"grace_seconds":600,"dry_run":true}',
  },
);
export type ReconcileRequest = Static<typeof ReconcileRequest>;

export const ReconcileResponse = Type.Object({
  dry_run: Type.Boolean(),
  checked: Type.Integer({ description: 'allocations in the scope' }),
  missing: Type.Array(
    Type.Object({
      id: Type.String(),
      network_id: Type.String(),
      vrf: Type.String(),
      ip: Type.String(),
      vm_id: Type.String(),
      nic: Type.String(),
      missing_since: Time,
      due: Type.Boolean({ description: 'whether it may be freed: reported before, at least grace_seconds ago' }),
      released: Type.Boolean(),
    }),
  ),
  released: Type.Integer(),
});
export type ReconcileResponse = Static<typeof ReconcileResponse>;
