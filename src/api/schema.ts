import type { Static, TSchema } from 'typebox';
import * as Type from 'typebox';

// The one source of what goes over the wire: types, validation (validate.ts) and the OpenAPI document (openapi.ts).
// Descriptions of request fields are what a client reads when the field is wrong: they say the rule.

/** A field that may be null, which some clients send for none. */
export function nullable<T extends TSchema>(schema: T, description?: string) {
  const rule = description ?? (schema as { description?: string }).description;
  return Type.Union([schema, Type.Null()], rule === undefined ? {} : { description: rule });
}

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';

/** Words of routes below /api/v1/ip/, which a VM therefore cannot be called. */
export const ROUTE_WORDS = ['allocate', 'allocations', 'release', 'release-by-ip', 'stats'] as const;

export const VM_ID_RULE = `1 to 128 of A-Z a-z 0-9 . _ : @ -, first and last a letter or digit, and none of the words ${ROUTE_WORDS.join(', ')}`;

export const VmId = Type.String({
  pattern: `^(?!(?:${ROUTE_WORDS.join('|')})$)[A-Za-z0-9](?:[A-Za-z0-9._:@-]{0,126}[A-Za-z0-9])?$`,
  description: VM_ID_RULE,
  examples: ['vm-4711'],
});

export const HOSTNAME_RULE =
  'a host name of RFC 1123: labels of 1 to 63 letters, digits and hyphens, 253 characters at most; or null';

export const Hostname = Type.String({
  pattern: `^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`,
  description: HOSTNAME_RULE,
  examples: ['web-1.example.net'],
});

export const AllocateRequest = Type.Object(
  {
    vm_id: VmId,
    hostname: Type.Optional(nullable(Hostname, HOSTNAME_RULE)),
    networks: Type.Optional(
      nullable(
        Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 16 }),
        'a list of 1 to 16 networks, each by id, name or CIDR',
      ),
    ),
  },
  { description: 'a JSON object such as {"vm_id":"vm-4711"}' },
);
export type AllocateRequest = Static<typeof AllocateRequest>;

const Ip = Type.String({ description: 'an IPv4 or IPv6 address', examples: ['172.16.0.2'] });
const Gateway = Type.Union([Ip, Type.Null()], { description: 'null: the network has none' });
const Count = Type.Union([Type.Integer(), Type.String()], { description: 'its digits as text beyond 2^53' });

export const Allocation = Type.Object({
  ip: Ip,
  vm_id: Type.String(),
  gateway: Gateway,
  network: Type.String({ description: 'the network in CIDR notation', examples: ['172.16.0.0/24'] }),
  prefix_length: Type.Integer({ minimum: 0, maximum: 128 }),
  hostname: Type.Optional(Type.String()),
  allocated_at: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
});
export type Allocation = Static<typeof Allocation>;

export const DualAllocation = Type.Object({
  ...Allocation.properties,
  addresses: Type.Array(Allocation, { description: 'one of each network' }),
});
export type DualAllocation = Static<typeof DualAllocation>;

export const AllocationList = Type.Array(Allocation);

export const Released = Type.Object({ message: Type.String(), vm_id: Type.String(), ip: Ip });
export type Released = Static<typeof Released>;

export const Stats = Type.Object({
  network: Type.String(),
  gateway: Gateway,
  total: Type.Union([Type.Integer(), Type.String()], { description: 'addresses that are allocated or available' }),
  allocated: Count,
  available: Count,
  usage: Type.Number({ description: 'allocated in percent of total' }),
});
export type Stats = Static<typeof Stats>;

export const HealthReport = Type.Object({
  status: Type.Literal('healthy'),
  service: Type.Literal('ipam'),
  cluster_mode: Type.Boolean(),
  version: Type.String(),
  uptime_seconds: Type.Integer(),
});
export type HealthReport = Static<typeof HealthReport>;

export const Liveness = Type.Object({ status: Type.Literal('alive') });
export type Liveness = Static<typeof Liveness>;

export const Readiness = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not ready')]),
  checks: Type.Record(Type.String(), Type.String(), { description: 'each condition with "ok" or what is wrong' }),
  loading: Type.Optional(
    Type.Object(
      { read_bytes: Type.Integer(), total_bytes: Type.Integer() },
      { description: 'while a data folder is being read: how far that is' },
    ),
  ),
});
export type Readiness = Static<typeof Readiness>;

export const ErrorBody = Type.Object({
  error: Type.String({ description: 'for people: what is wrong and what to do' }),
  code: Type.String({ description: 'for programs' }),
  status: Type.Integer(),
  details: Type.Record(Type.String(), Type.Unknown()),
  request_id: Type.String(),
});
export type ErrorBody = Static<typeof ErrorBody>;
