import fc from 'fast-check';
import { STRATEGY_NAMES, type StrategyName } from '../../src/pool/strategy.ts';

/** What becomes of a decision: durable at once, never durable, or not known yet (`settle` ends the oldest of those). */
export type Fate = 'commit' | 'fail' | 'wait';

export type Command =
  | {
      readonly do: 'allocate';
      readonly vm: string;
      readonly hostname: string | undefined;
      /** What the random source says. */
      readonly random: number;
      readonly fate: Fate;
    }
  | { readonly do: 'release'; readonly vm: string; readonly fate: Fate }
  | { readonly do: 'releaseByIp'; readonly offset: number; readonly fate: Fate }
  | { readonly do: 'settle'; readonly fate: 'commit' | 'fail' }
  | {
      readonly do: 'update';
      readonly excluded: readonly (readonly [number, number])[];
      readonly strategy: StrategyName | undefined;
    }
  /** The process ends, with a snapshot or a journal of everything; what was under way is lost. */
  | { readonly do: 'restart'; readonly from: 'snapshot' | 'journal' };

/** Lists of commands for a network of this prefix length; with few enough VMs that it is full now and then. */
export function commands(prefixLength: number): fc.Arbitrary<Command[]> {
  const size = 2 ** (32 - prefixLength);
  const offset = fc.nat(size - 1);
  const vm = fc.nat(size).map((n) => `vm${n}`);
  const fate: fc.Arbitrary<Fate> = fc.constantFrom('commit', 'commit', 'commit', 'wait', 'fail');
  const range = fc.tuple(offset, fc.nat(3)).map(([first, more]) => [first, Math.min(first + more, size - 1)] as const);
  const command: fc.Arbitrary<Command> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('allocate' as const),
        vm,
        hostname: fc.option(fc.constantFrom('web', 'db'), { nil: undefined }),
        random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fate,
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), vm, fate }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('releaseByIp' as const), offset, fate }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('settle' as const), fate: fc.constantFrom('commit' as const, 'fail') }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('update' as const),
        excluded: fc.array(range, { maxLength: 3 }),
        strategy: fc.option(fc.constantFrom(...STRATEGY_NAMES), { nil: undefined, freq: 10 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('restart' as const),
        from: fc.constantFrom('snapshot' as const, 'journal'),
      }),
    },
  );
  return fc.array(command, { minLength: 1, maxLength: 120, size: 'max' });
}
