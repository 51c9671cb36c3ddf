import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../src/net/address.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { decideUpdateNetwork, type NetworkSpec } from '../../src/pool/decide/network.ts';
import { rangesOf, Setting } from './setting.ts';

/** 10.0.0.0/24: .1 gateway, .5 held, .6 cooling, .30 to .39 excluded, .250 held by a decision under way. */
function busy() {
  const setting = new Setting();
  const network = setting.add('n', '10.0.0.0/24', {
    gateway: '10.0.0.1',
    excluded: rangesOf(['10.0.0.30-10.0.0.39']),
    cooldown_seconds: 60,
  });
  setting.allocate(network, 'a', { ip: '10.0.0.5' });
  setting.allocate(network, 'b', { ip: '10.0.0.6' });
  setting.release(network, 'b');
  network.hold(250n, 250n);
  const change = (wish: NetworkSpec) => {
    const events = decideUpdateNetwork(setting.pool, network, wish, setting.origin);
    assert.equal(events.length, 1);
    setting.apply(events);
    return events;
  };
  return { setting, network, change };
}

const freeOf = ({ free }: ReturnType<typeof busy>['network']) =>
  Array.from({ length: 256 }, (_, at) => at).filter((at) => free.has(BigInt(at)));

describe('pool.Network.reshape', () => {
  it('does not look at the addresses when only words change', () => {
    const { network, change } = busy();
    const { free, assignable: layout } = network;
    change({ description: 'second floor', tags: ['x'], name: 'lab', drain: true });
    assert.equal(network.free, free);
    assert.equal(network.assignable, layout);
    assert.equal(network.settings.description, 'second floor');
  });

  const changes: readonly [string, NetworkSpec, readonly number[], readonly number[]][] = [
    ['more exclusions', { excluded: rangesOf(['10.0.0.4-10.0.0.7', '10.0.0.30-10.0.0.40']) }, [4, 7, 40], []],
    ['fewer exclusions', { excluded: rangesOf(['10.0.0.31-10.0.0.39']) }, [], [30]],
    ['another gateway', { gateway: parseAddress('10.0.0.9')! }, [9], [1]],
    ['no gateway', { gateway: null }, [], [1]],
    ['ranges', { ranges: rangesOf(['10.0.0.0-10.0.0.252']) }, [253, 254], []],
  ];
  for (const [what, wish, less, more] of changes) {
    it(`looks only at what is touched by ${what}`, () => {
      const { network, change } = busy();
      const { free } = network;
      const expected = new Set([...freeOf(network), ...more]);
      for (const at of less) expected.delete(at);
      change(wish);
      assert.equal(network.free, free);
      assert.deepEqual(
        freeOf(network),
        [...expected].sort((a, b) => a - b),
      );
    });
  }

  it('keeps claims when what they are on is opened again', () => {
    const { network, change } = busy();
    const before = freeOf(network);
    change({ excluded: rangesOf(['10.0.0.0/24']) });
    assert.deepEqual(freeOf(network), []);
    change({ excluded: rangesOf(['10.0.0.30-10.0.0.39']) });
    assert.deepEqual(freeOf(network), before);
  });

  it('lays everything out anew when the network grows', () => {
    const { network, change } = busy();
    const before = freeOf(network);
    change({ cidr: parseCidr('10.0.0.0/23')! });
    assert.deepEqual(freeOf(network), [...before, 255]);
    assert.equal(network.free.has(300n), true);
  });
});

describe('pool.Network.remembers', () => {
  it('as long as its settings say so, and until the last that was remembered is over', () => {
    const { setting, network, change } = busy();
    assert.equal(network.hasCooldown, true);
    change({ cooldown_seconds: 0 });
    assert.equal(network.hasCooldown, true);
    setting.pass(61);
    assert.equal(network.hasCooldown, false);
    change({ sticky_seconds: 9 });
    assert.equal(network.hasCooldown, true);
  });
});
