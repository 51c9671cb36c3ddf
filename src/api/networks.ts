import type { Static } from 'typebox';
import * as Type from 'typebox';
import { VRF_PATTERN, VRF_RULE } from '../net/vrf.ts';
import { nullable, VmId } from './schema.ts';

// Networks, their reservations and how full they are.

const Text = (max: number, rule: string) =>
  Type.String({
    maxLength: max,
    pattern: '^[^\\u0000-\\u001f\\u007f]*$',
    description: `${rule}, at most ${max} characters, none of them a control character`,
  });

export const NAME_RULE = 'a name of 1 to 64 letters, digits and . _ -, first and last a letter or digit';
export const Name = Type.String({
  pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$',
  description: NAME_RULE,
});
export const Vrf = Type.String({ pattern: VRF_PATTERN, description: `the name of a VRF: ${VRF_RULE}` });
export const Description = Text(1024, 'a text');
export const Tags = Type.Array(Type.String({ pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._:/=@-]{0,62}[A-Za-z0-9])?$' }), {
  maxItems: 32,
  description: 'a list of at most 32 tags, each 1 to 64 letters, digits and . _ : / = @ -',
});
const Seconds = (rule: string) => Type.Integer({ minimum: 0, maximum: 31_536_000, description: rule });
/** An address, a range `a-b` or a CIDR; read by net/range.ts. */
const RangeText = Type.String({ maxLength: 96 });
const Ranges = Type.Array(RangeText, {
  maxItems: 1000,
  description: 'a list of at most 1000 addresses, ranges a-b or CIDRs',
});
const CidrText = Type.String({ maxLength: 64, description: 'a network such as 10.1.0.0/16 or fd00:1::/64' });
const GatewayText = Type.String({ maxLength: 64, description: 'a host address of the network, or null for none' });
const Strategy = Type.Union([Type.Literal('round-robin'), Type.Literal('lowest'), Type.Literal('random')], {
  description: 'one of round-robin, lowest, random',
});
const CooldownPolicy = Type.Union([Type.Literal('refuse'), Type.Literal('oldest')], {
  description: 'one of refuse, oldest',
});

const SETTINGS = {
  gateway: Type.Optional(nullable(GatewayText)),
  name: Type.Optional(nullable(Name)),
  description: Type.Optional(nullable(Description)),
  tags: Type.Optional(nullable(Tags)),
  strategy: Type.Optional(Strategy),
  cooldown_seconds: Type.Optional(Seconds('whole seconds from 0 to 31536000 that a released address cools')),
  sticky_seconds: Type.Optional(
    Seconds('whole seconds from 0 to 31536000 in which an owner that comes back gets its old address'),
  ),
  cooldown_policy: Type.Optional(CooldownPolicy),
  drain: Type.Optional(Type.Boolean({ description: 'true or false' })),
  ranges: Type.Optional(nullable(Ranges)),
  excluded: Type.Optional(nullable(Ranges)),
} as const;

export const NetworkRequest = Type.Object(
  { cidr: CidrText, vrf: Type.Optional(nullable(Vrf)), ...SETTINGS },
  { description: 'a JSON object such as {"cidr":"10.1.0.0/16","gateway":"10.1.0.1","name":"vms"}' },
);
export type NetworkRequest = Static<typeof NetworkRequest>;

export const NetworkChange = Type.Object(
  { cidr: Type.Optional(CidrText), vrf: Type.Optional(nullable(Vrf)), ...SETTINGS },
  { description: 'a JSON object of what is to change, such as {"drain":true}' },
);
export type NetworkChange = Static<typeof NetworkChange>;

const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });

export const Network = Type.Object({
  id: Type.String(),
  vrf: Type.String({ description: 'routing domain; it never changes' }),
  cidr: Type.String(),
  family: Type.Union([Type.Literal(4), Type.Literal(6)]),
  gateway: Type.Union([Type.String(), Type.Null()]),
  name: Type.String(),
  description: Type.String(),
  tags: Type.Array(Type.String()),
  strategy: Type.String(),
  cooldown_seconds: Type.Integer(),
  sticky_seconds: Type.Integer(),
  cooldown_policy: Type.String(),
  drain: Type.Boolean(),
  ranges: Type.Array(Type.String(), { description: 'empty: the whole network' }),
  excluded: Type.Array(Type.String()),
  created_at: Time,
  updated_at: Time,
});
export type Network = Static<typeof Network>;
export const NetworkList = Type.Array(Network);

/** A number up to 2^53, beyond that its digits, beside which a float stands. */
export const Count = Type.Union([Type.Integer(), Type.String()]);

export const NetworkStats = Type.Object({
  network_id: Type.String(),
  cidr: Type.String(),
  total_ips: Count,
  allocated_ips: Count,
  available_ips: Count,
  reserved_ips: Count,
  cooling_ips: Count,
  total_ips_float: Type.Optional(Type.Number()),
  allocated_ips_float: Type.Optional(Type.Number()),
  available_ips_float: Type.Optional(Type.Number()),
  reserved_ips_float: Type.Optional(Type.Number()),
  cooling_ips_float: Type.Optional(Type.Number()),
  utilization_percent: Type.Number({ description: 'allocated of allocated, available and cooling' }),
  first_available: Type.Union([Type.String(), Type.Null()]),
  last_allocated: Type.Union([Type.String(), Type.Null()]),
  free_ranges: Type.Optional(Type.Array(Type.String(), { description: 'with ?free_ranges=true; the first 10,000' })),
});
export type NetworkStats = Static<typeof NetworkStats>;

export const Nic = Type.String({
  pattern: '^(?:[A-Za-z0-9](?:[A-Za-z0-9._:@-]{0,30}[A-Za-z0-9])?)?(?:#[1-9]\\d{0,4})?$',
  description:
    'at most 32 of A-Z a-z 0-9 . _ : @ -, first and last a letter or digit; "" for the first NIC; #1, #2 … behind it for the further addresses of a list',
});

export const ReservationRequest = Type.Object(
  {
    range: Type.String({ maxLength: 96, description: 'an address, a range a-b or a CIDR' }),
    reason: Text(256, 'why'),
    vm_id: Type.Optional(nullable(VmId)),
    nic: Type.Optional(nullable(Nic)),
    expires_at: Type.Optional(
      nullable(Type.String({ maxLength: 40, description: 'a time of RFC 3339 in the future' })),
    ),
  },
  { description: 'a JSON object such as {"range":"10.1.0.10-10.1.0.20","reason":"printers"}' },
);
export type ReservationRequest = Static<typeof ReservationRequest>;

export const Reservation = Type.Object({
  id: Type.String(),
  network_id: Type.String(),
  range: Type.String(),
  reason: Type.String(),
  vm_id: Type.Union([Type.String(), Type.Null()]),
  nic: Type.String(),
  expires_at: Type.Union([Time, Type.Null()]),
  created_at: Time,
});
export type Reservation = Static<typeof Reservation>;
export const ReservationList = Type.Array(Reservation);
