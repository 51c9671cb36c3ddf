import fc from 'fast-check';
import { COOLDOWN_POLICIES, type CooldownPolicy } from '../../src/pool/events.ts';
import { STRATEGY_NAMES, type StrategyName } from '../../src/pool/strategy.ts';

/** What becomes of a decision: durable at once, never durable, or not known yet (`settle` ends the oldest of those). */
export type Fate = 'commit' | 'fail' | 'wait';

/** Settings as an operator gives them. Addresses are indexes, see places.ts; a range is an index and how many more. */
export interface SettingsWish {
  readonly cidr: number | undefined;
  readonly gateway: number | null | undefined;
  readonly ranges: readonly (readonly [number, number])[] | undefined;
  readonly excluded: readonly (readonly [number, number])[] | undefined;
  readonly strategy: StrategyName | undefined;
  readonly cooldown: number | undefined;
  readonly sticky: number | undefined;
  readonly policy: CooldownPolicy | undefined;
  readonly drain: boolean | undefined;
  readonly name: string | null | undefined;
}

export interface Allocate {
  readonly do: 'allocate';
  readonly net: number;
  readonly owner: number;
  readonly hostname: string | null | undefined;
  readonly ip: number | undefined;
  readonly count: number | undefined;
  /** Bits of the addresses in a prefix. */
  readonly prefix: number | undefined;
  readonly ttl: number | undefined;
  readonly mac: boolean;
  /** What the random source says. */
  readonly random: number;
  readonly fate: Fate;
}

export type Command =
  | ({ readonly do: 'add'; readonly net: number; readonly cidr: number } & Omit<SettingsWish, 'cidr'>)
  | ({ readonly do: 'update'; readonly net: number } & SettingsWish)
  | { readonly do: 'remove'; readonly net: number; readonly force: boolean }
  | {
      readonly do: 'reserve';
      readonly net: number;
      readonly range: readonly [number, number];
      /** All of the network instead of the range. */
      readonly all: boolean;
      readonly owner: number | undefined;
    }
  | { readonly do: 'unreserve'; readonly net: number; readonly which: number }
  | Allocate
  | { readonly do: 'release'; readonly net: number; readonly which: number; readonly fate: Fate }
  | { readonly do: 'renew'; readonly net: number; readonly which: number; readonly ttl: number; readonly fate: Fate }
  | { readonly do: 'settle'; readonly fate: 'commit' | 'fail' }
  | { readonly do: 'pass'; readonly seconds: number }
  /** The process ends, with a snapshot or a journal of everything; what was under way is lost. */
  | { readonly do: 'restart'; readonly from: 'snapshot' | 'journal' };

const index = fc.nat(199);
const net = fc.nat(2);
/** The last is nobody that could ask again, the one before asks with a key instead of a VM. */
export const OWNERS = 11;
const owner = fc.nat(OWNERS - 1);
const fate = fc.constantFrom<Fate>('commit', 'commit', 'commit', 'commit', 'wait', 'fail');
const range = fc.tuple(index, fc.constantFrom(0, 0, 1, 3, 7, 15, 40));
const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq: number) => fc.option(arbitrary, { nil: undefined, freq });

const settings = {
  gateway: maybe(fc.oneof(fc.nat(9), index, fc.constant(null)), 1),
  ranges: maybe(fc.array(range, { maxLength: 4 }), 1),
  excluded: maybe(fc.array(range, { maxLength: 3 }), 1),
  strategy: maybe(fc.constantFrom(...STRATEGY_NAMES), 1),
  cooldown: maybe(fc.constantFrom(0, 3, 20), 3),
  sticky: maybe(fc.constantFrom(0, 5, 40), 3),
  policy: maybe(fc.constantFrom(...COOLDOWN_POLICIES), 2),
  drain: maybe(fc.constantFrom(false, false, true), 1),
  name: maybe(fc.constantFrom('red', 'n1', null), 1),
};

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const), net, ...settings, cidr: index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('update' as const), net, ...settings, cidr: maybe(index, 2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), net, force: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      net,
      range,
      all: fc.nat(9).map((n) => n === 0),
      owner: maybe(owner, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unreserve' as const), net, which: fc.nat(4) }) },
  {
    weight: 22,
    arbitrary: fc.record({
      do: fc.constant('allocate' as const),
      net,
      owner,
      hostname: maybe(fc.constantFrom('web', 'db', null), 1),
      ip: maybe(index, 1),
      count: maybe(fc.integer({ min: 1, max: 5 }), 1),
      prefix: maybe(fc.constantFrom(0, 1, 2, 3, 6), 1),
      ttl: maybe(fc.constantFrom(1, 4, 30), 1),
      mac: fc.boolean(),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fate,
    }),
  },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('release' as const), net, which: index, fate }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('renew' as const), net, which: index, ttl: fc.constantFrom(1, 9), fate }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('settle' as const), fate: fc.constantFrom('commit' as const, 'fail') }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(0, 1, 3, 8, 30) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      from: fc.constantFrom('snapshot' as const, 'journal'),
    }),
  },
);

/** Lists of commands that begin with a network. */
export function commands(): fc.Arbitrary<Command[]> {
  const add = fc.record({ do: fc.constant('add' as const), net, ...settings, drain: fc.constant(false), cidr: index });
  return fc
    .tuple(
      fc.array(add, { minLength: 1, maxLength: 2 }),
      fc.array(command, { minLength: 1, maxLength: 70, size: 'max' }),
    )
    .map(([adds, rest]) => [...adds, ...rest]);
}
