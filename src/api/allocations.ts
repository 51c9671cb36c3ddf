import type { Static } from 'typebox';
import * as Type from 'typebox';
import { BULK_LIMIT, COUNT_LIMIT } from './limits.ts';
import { Description, Nic, Tags, Vrf } from './networks.ts';
import { ErrorBody, Hostname, HOSTNAME_RULE, nullable, VmId } from './schema.ts';

// Allocations in any network: what is asked for, and what is held.

/** In one of the usual spellings; read by net/mac.ts. */
const MacText = Type.String({ maxLength: 24, description: 'a unicast MAC address such as 52:54:00:12:34:56' });
const NetworkRef = Type.String({ minLength: 1, maxLength: 64, description: 'the id, name or CIDR of a network' });
const Ttl = Type.Integer({ minimum: 1, maximum: 315_360_000, description: 'whole seconds from 1 to 315360000' });
const TtlHours = Type.Number({
  exclusiveMinimum: 0,
  maximum: 87_600,
  description: 'hours, more than 0, at most 87600',
});

const ATTRIBUTES = {
  hostname: Type.Optional(nullable(Type.Union([Hostname, Type.Literal('')]), HOSTNAME_RULE)),
  mac: Type.Optional(nullable(MacText, 'a unicast MAC address such as 52:54:00:12:34:56, or auto')),
  description: Type.Optional(nullable(Description)),
  tags: Type.Optional(nullable(Tags)),
} as const;

const REQUESTED = {
  network_id: Type.Optional(nullable(NetworkRef)),
  network: Type.Optional(nullable(NetworkRef)),
  cidr: Type.Optional(nullable(NetworkRef)),
  vrf: Type.Optional(nullable(Vrf)),
  vm_id: Type.Optional(nullable(VmId)),
  nic: Type.Optional(nullable(Nic)),
  ...ATTRIBUTES,
  ip: Type.Optional(nullable(Type.String({ maxLength: 64, description: 'an address of the network' }))),
  count: Type.Optional(
    nullable(Type.Integer({ minimum: 0, maximum: COUNT_LIMIT }), `a whole number from 1 to ${COUNT_LIMIT}`),
  ),
  prefix_length: Type.Optional(
    nullable(Type.Integer({ minimum: 0, maximum: 128 }), 'the length of the prefix to delegate, such as 64'),
  ),
  ttl: Type.Optional(nullable(Type.Integer({ minimum: 0, maximum: 315_360_000 }), 'whole seconds from 1 to 315360000')),
  ttl_hours: Type.Optional(nullable(TtlHours)),
} as const;

export const AllocationRequest = Type.Object(
  {
    ...REQUESTED,
    contiguous: Type.Optional(nullable(Type.Boolean(), 'true or false')),
    networks: Type.Optional(
      nullable(
        Type.Array(NetworkRef, { minItems: 1, maxItems: 16 }),
        'a list of 1 to 16 networks, each by id, name or CIDR',
      ),
    ),
  },
  { description: 'a JSON object such as {"network":"vms","vm_id":"vm-4711"}' },
);
export type AllocationRequest = Static<typeof AllocationRequest>;

export const BulkItem = Type.Object(REQUESTED);
export type BulkItem = Static<typeof BulkItem>;

export const BulkRequest = Type.Object(
  {
    requests: Type.Array(BulkItem, {
      minItems: 1,
      maxItems: BULK_LIMIT,
      description: `a list of 1 to ${BULK_LIMIT} requests`,
    }),
    atomic: Type.Optional(nullable(Type.Boolean(), 'true or false')),
  },
  { description: 'a JSON object such as {"requests":[{"network":"vms","vm_id":"vm-1"}],"atomic":false}' },
);
export type BulkRequest = Static<typeof BulkRequest>;

export const AllocationChange = Type.Object(ATTRIBUTES, {
  description: 'a JSON object of what is to change, such as {"hostname":"web-1"}',
});
export type AllocationChange = Static<typeof AllocationChange>;

export const RenewRequest = Type.Object(
  { ttl: Type.Optional(nullable(Ttl)), ttl_hours: Type.Optional(nullable(TtlHours)) },
  { description: 'a JSON object such as {"ttl":3600}, or nothing to go on as long as before' },
);
export type RenewRequest = Static<typeof RenewRequest>;

const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });

export const NetworkAllocation = Type.Object({
  id: Type.String({ description: 'opaque; it never changes' }),
  network_id: Type.String(),
  vrf: Type.String(),
  network: Type.String({ description: 'its CIDR' }),
  ip: Type.String(),
  end_ip: Type.Optional(Type.String({ description: 'the last address of a range or prefix' })),
  count: Type.Union([Type.Integer(), Type.String()]),
  prefix: Type.Optional(Type.String({ description: 'a delegated prefix' })),
  prefix_length: Type.Integer({ description: 'of the network, or of the delegated prefix' }),
  gateway: Type.Union([Type.String(), Type.Null()]),
  vm_id: Type.Union([Type.String(), Type.Null()]),
  nic: Type.String(),
  hostname: Type.String(),
  mac: Type.Union([Type.String(), Type.Null()]),
  description: Type.String(),
  tags: Type.Array(Type.String()),
  status: Type.Union([Type.Literal('allocated'), Type.Literal('released'), Type.Literal('expired')]),
  allocated_at: Time,
  expires_at: Type.Union([Time, Type.Null()]),
  released_at: Type.Union([Time, Type.Null()]),
});
export type NetworkAllocation = Static<typeof NetworkAllocation>;
export const NetworkAllocationList = Type.Array(NetworkAllocation);

export const BulkResponse = Type.Object({
  created: Type.Integer(),
  existing: Type.Integer(),
  failed: Type.Integer(),
  results: Type.Array(
    Type.Object({
      status: Type.Integer({ description: '201, 200 or that of the error' }),
      allocation: Type.Optional(NetworkAllocation),
      error: Type.Optional(ErrorBody),
    }),
    { description: 'one for each request, in their order' },
  ),
});
export type BulkResponse = Static<typeof BulkResponse>;
