import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AllocationSpec } from '../../../src/pool/decide/allocate.ts';
import { decideUpdateNetwork } from '../../../src/pool/decide/network.ts';
import { refusalOf, rangesOf, Setting } from '../setting.ts';

/** 10.0.0.0/24: .1 gateway, .5 held by a, .6 cooling for b, .7 reserved for c, .8 reserved, .9 excluded, from .200 none. */
function busy() {
  const setting = new Setting();
  const network = setting.add('n', '10.0.0.0/24', {
    gateway: '10.0.0.1',
    excluded: rangesOf(['10.0.0.9']),
    ranges: rangesOf(['10.0.0.0-10.0.0.199']),
    cooldown_seconds: 60,
  });
  setting.allocate(network, 'a', { ip: '10.0.0.5' });
  setting.allocate(network, 'b', { ip: '10.0.0.6' });
  setting.release(network, 'b');
  setting.reserve(network, 'r7', '10.0.0.7', 'c');
  setting.reserve(network, 'r8', '10.0.0.8');
  return { setting, network };
}

describe('pool.decideAllocate, a named address', () => {
  const cooling_until = new Date(1_000_001 + 60_000).toISOString();
  const at = (ip: string) => ({ field: 'ip', ip, network: 'n' });
  const refused: readonly [string, Partial<AllocationSpec>, string, object][] = [
    ['no address', { ip: 'x' }, 'invalid_address', at('x')],
    ['of another network', { ip: '10.0.1.5' }, 'invalid_address', at('10.0.1.5')],
    ['of the other family', { ip: '::a00:10' }, 'invalid_address', at('::a00:10')],
    ['too near to the end', { ip: '10.0.0.254', count: 3 }, 'invalid_address', at('10.0.0.254')],
    ['held', { ip: '10.0.0.5' }, 'address_taken', { ...at('10.0.0.5'), vm_id: 'a' }],
    ['held behind it', { ip: '10.0.0.3', count: 3 }, 'address_taken', { ...at('10.0.0.5'), vm_id: 'a' }],
    ['cooling', { ip: '10.0.0.6' }, 'address_taken', { ...at('10.0.0.6'), cooling_until }],
    ['reserved for another', { ip: '10.0.0.7' }, 'address_reserved', at('10.0.0.7')],
    ['reserved', { ip: '10.0.0.8' }, 'address_reserved', at('10.0.0.8')],
    ['excluded', { ip: '10.0.0.9' }, 'address_reserved', at('10.0.0.9')],
    ['the gateway', { ip: '10.0.0.1' }, 'address_reserved', at('10.0.0.1')],
    ['the network address', { ip: '10.0.0.0' }, 'address_reserved', at('10.0.0.0')],
    ['the broadcast address', { ip: '10.0.0.255' }, 'address_reserved', at('10.0.0.255')],
    ['outside the ranges', { ip: '10.0.0.200' }, 'address_reserved', at('10.0.0.200')],
    ['reaching out of the ranges', { ip: '10.0.0.198', count: 4 }, 'address_reserved', at('10.0.0.200')],
  ];
  for (const [what, wish, code, details] of refused) {
    it(`refuses one that is ${what}`, () => {
      const { setting, network } = busy();
      assert.deepEqual(
        refusalOf(() => setting.decide(network, 'x', wish)),
        { code, details },
      );
    });
  }

  it('refuses one that is being given to somebody else, for now', () => {
    const { setting, network } = busy();
    network.hold(20n, 23n);
    assert.equal(refusalOf(() => setting.decide(network, 'x', { ip: '10.0.0.22' })).code, 'conflict');
  });

  it('counts as available what a decision under way has taken, without what is cooling', () => {
    const { setting, network } = busy();
    const before = network.available;
    setting.release(network, 'a');
    network.hold(4n, 6n); // for the owner of .5, by name: .4 was free, .5 and .6 are cooling
    assert.equal(network.available, before);
    network.unhold(4n);
    assert.equal(network.available, before);
    assert.equal(network.free.has(4n), true);
    assert.equal(network.free.has(5n), false);
  });

  it('gives back to the owner what is cooling for it, and what is reserved for it', () => {
    const { setting, network } = busy();
    assert.equal(setting.allocate(network, 'b', { ip: '10.0.0.6' }), '10.0.0.6');
    assert.equal(setting.allocate(network, 'c', { ip: '10.0.0.7' }), '10.0.0.7');
    assert.equal(network.cooldown.cooling, 0n);
  });

  it('says to an owner that it holds something else', () => {
    const { setting, network } = busy();
    setting.allocate(network, 'r', { count: 3 });
    const details = { network: 'n', ip: '10.0.0.5', vm_id: 'a' };
    const held = { network: 'n', ip: '10.0.0.2', vm_id: 'r' };
    const table: readonly [string, Partial<AllocationSpec>, object][] = [
      ['a', { ip: '10.0.0.50' }, { field: 'ip', ...details }],
      ['a', { count: 2 }, { field: 'count', ...details }],
      ['r', { ip: '10.0.0.3' }, { field: 'ip', ...held }],
      ['r', { count: 1 }, { field: 'count', ...held }],
    ];
    for (const [owner, wish, expected] of table) {
      const refusal = refusalOf(() => setting.decide(network, owner, wish));
      assert.deepEqual(refusal, { code: 'address_mismatch', details: expected });
    }
    assert.deepEqual(setting.decide(network, 'r', { ip: '10.0.0.2', count: 3 }), []);
    assert.deepEqual(setting.decide(network, 'r'), []);
  });
});

describe('pool.decideAllocate, a prefix', () => {
  const six = () => {
    const setting = new Setting();
    return { setting, network: setting.add('n', 'fd00::/112') };
  };

  it('is refused off its boundary', () => {
    const { setting, network } = six();
    assert.deepEqual(
      refusalOf(() => setting.decide(network, 'x', { ip: 'fd00::12', prefixLength: 126 })),
      { code: 'invalid_address', details: { field: 'ip', ip: 'fd00::12', network: 'n' } },
    );
  });

  it('is delegated by IPv6 networks only', () => {
    const { setting, network } = busy();
    for (const prefixLength of [24, 30, 32]) {
      assert.deepEqual(
        refusalOf(() => setting.decide(network, 'x', { prefixLength })),
        { code: 'invalid_request', details: { field: 'prefix_length' } },
      );
    }
  });

  it('has a size of its own', () => {
    const { setting, network } = six();
    assert.deepEqual(
      refusalOf(() => setting.decide(network, 'x', { prefixLength: 126, count: 4 })),
      { code: 'invalid_request', details: { field: 'count' } },
    );
  });

  it('is nothing that addresses could stand for, nor the other way round', () => {
    const { setting, network } = six();
    setting.allocate(network, 'prefix', { prefixLength: 126 });
    setting.allocate(network, 'range', { count: 4 });
    setting.allocate(network, 'one');
    const table: readonly [string, Partial<AllocationSpec>, string][] = [
      ['prefix', {}, 'prefix_length'],
      ['prefix', { count: 4 }, 'count'],
      ['prefix', { prefixLength: 125 }, 'prefix_length'],
      ['range', { prefixLength: 126 }, 'prefix_length'],
      ['one', { prefixLength: 128 }, 'prefix_length'],
    ];
    for (const [owner, wish, field] of table) {
      const { code, details } = refusalOf(() => setting.decide(network, owner, wish));
      assert.deepEqual([code, details.field], ['address_mismatch', field]);
    }
    assert.deepEqual(setting.decide(network, 'prefix', { prefixLength: 126 }), []);
    assert.deepEqual(setting.decide(network, 'range', { count: 4 }), []);
    assert.deepEqual(setting.decide(network, 'one'), []);
  });
});

describe('pool.decideAllocate, when there is none', () => {
  it('tells what is left, and when to ask again', () => {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.0/29', { cooldown_seconds: 60 });
    for (const vm of ['a', 'b', 'c', 'd', 'e', 'f']) setting.allocate(network, vm);
    const full = { network: 'n', cidr: '10.0.0.0/29', allocated: 6 };
    const refusal = () => refusalOf(() => setting.decide(network, 'x'));
    assert.deepEqual(refusal(), { code: 'pool_exhausted', details: full });
    setting.release(network, 'c');
    setting.pass(20);
    setting.release(network, 'd');
    const details = { ...full, allocated: 4, cooling: 2, retry_after: 40 };
    assert.deepEqual(refusal(), { code: 'pool_exhausted', details });
    setting.pass(41);
    assert.equal(setting.allocate(network, 'x'), '10.0.0.3');
  });

  it('gives a range without a gap or none', () => {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.0/29');
    setting.allocate(network, 'a', { ip: '10.0.0.4' });
    assert.equal(refusalOf(() => setting.decide(network, 'x', { count: 4 })).code, 'pool_exhausted');
    assert.equal(setting.allocate(network, 'x', { count: 3 }), '10.0.0.1-10.0.0.3');
  });

  it('gives nothing new of a drained network, and keeps what there is', () => {
    const { setting, network } = busy();
    setting.apply(decideUpdateNetwork(setting.pool, network, { drain: true }, setting.origin));
    assert.deepEqual(
      refusalOf(() => setting.decide(network, 'x')),
      { code: 'network_draining', details: { network: 'n' } },
    );
    assert.deepEqual(setting.decide(network, 'a'), []);
  });

  it('knows which prefixes a network has', () => {
    const setting = new Setting();
    const network = setting.add('n', 'fd00::/56');
    for (const prefixLength of [55, 129]) {
      assert.deepEqual(
        refusalOf(() => setting.decide(network, 'x', { prefixLength })),
        { code: 'invalid_request', details: { field: 'prefix_length' } },
      );
    }
    assert.equal(setting.allocate(network, 'x', { prefixLength: 64 }), 'fd00::-fd00::ffff:ffff:ffff:ffff');
    assert.equal(setting.allocate(network, 'y', { prefixLength: 64 }), 'fd00:0:0:1::-fd00::1:ffff:ffff:ffff:ffff');
  });
});

describe('pool.decideAllocate, where an owner should be', () => {
  it('puts it into its reservation, whatever else is free', () => {
    const { setting, network } = busy();
    assert.equal(setting.allocate(network, 'c'), '10.0.0.7');
    assert.equal(setting.allocate(network, 'c/eth1'), '10.0.0.2', 'the reservation is for the first NIC');
  });

  it('gives the reserved address back to its owner while it is cooling', () => {
    const { setting, network } = busy();
    setting.allocate(network, 'c');
    setting.release(network, 'c');
    assert.equal(setting.allocate(network, 'c'), '10.0.0.7');
  });

  it('keeps it at the place that it had in its reservation', () => {
    const { setting, network } = busy();
    setting.reserve(network, 'r20', '10.0.0.20-10.0.0.29', 'd');
    setting.allocate(network, 'd', { ip: '10.0.0.24' });
    setting.release(network, 'd');
    assert.equal(setting.allocate(network, 'd'), '10.0.0.24');
  });

  it('passes over the gateway, exclusions and broadcast in its reservation', () => {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.0/28', { gateway: '10.0.0.4', excluded: rangesOf(['10.0.0.9']) });
    setting.reserve(network, 'r', '10.0.0.0/28', 'a');
    assert.equal(setting.allocate(network, 'a', { count: 4 }), '10.0.0.5-10.0.0.8');
    setting.release(network, 'a');
    assert.equal(setting.allocate(network, 'a', { count: 5 }), '10.0.0.10-10.0.0.14');
    setting.release(network, 'a');
    assert.equal(refusalOf(() => setting.decide(network, 'a', { count: 6 })).code, 'pool_exhausted');
    assert.equal(refusalOf(() => setting.decide(network, 'a', { ip: '10.0.0.14', count: 2 })).code, 'address_reserved');
    assert.equal(refusalOf(() => setting.decide(network, 'a', { ip: '10.0.0.3', count: 2 })).code, 'address_reserved');
  });

  it('finds the end of a large reservation of which nothing is usable', () => {
    const setting = new Setting();
    const network = setting.add('n', 'fd00::/64', { ranges: rangesOf(['fd00::8000:0:0:0/65']) });
    setting.reserve(network, 'r', 'fd00::/65', 'a');
    assert.equal(setting.allocate(network, 'a'), 'fd00::8000:0:0:0');
  });

  it('aligns a prefix, also in a reservation and where the owner was', () => {
    const setting = new Setting();
    const network = setting.add('n', 'fd00::/120', { sticky_seconds: 60 });
    setting.allocate(network, 'b', { ip: 'fd00::85', count: 4 });
    setting.release(network, 'b');
    assert.equal(setting.allocate(network, 'b', { prefixLength: 126 }), 'fd00::-fd00::3');
    setting.reserve(network, 'r', 'fd00::41-fd00::4f', 'a');
    assert.equal(setting.allocate(network, 'a', { prefixLength: 126 }), 'fd00::44-fd00::47');
  });

  it('gives the network address to one prefix only', () => {
    const setting = new Setting();
    const network = setting.add('n', 'fd00::/120', { cooldown_seconds: 60 });
    network.hold(0n, 0n);
    assert.equal(setting.allocate(network, 'a', { prefixLength: 127 }), 'fd00::2-fd00::3', 'it is being given');
    network.unhold(0n);
    assert.equal(setting.allocate(network, 'b', { prefixLength: 127 }), 'fd00::-fd00::1');
    setting.release(network, 'b');
    assert.equal(setting.allocate(network, 'c', { prefixLength: 127 }), 'fd00::4-fd00::5', 'it is cooling');
    assert.equal(setting.allocate(network, 'b', { prefixLength: 127 }), 'fd00::-fd00::1', 'it comes back');
  });

  it('gives the network address to no prefix of one address', () => {
    const setting = new Setting();
    const network = setting.add('n', 'fd00::/120');
    const named = { ip: 'fd00::', prefixLength: 128 };
    assert.equal(refusalOf(() => setting.decide(network, 'a', named)).code, 'address_reserved');
    assert.equal(setting.allocate(network, 'a', { prefixLength: 128 }), 'fd00::1');
    setting.release(network, 'a');
    setting.reserve(network, 'r', 'fd00::/126', 'b');
    assert.equal(setting.allocate(network, 'b', { prefixLength: 128 }), 'fd00::1');
  });

  it('gives the usable one of a range that has been cooling longest', () => {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.0/29', { cooldown_seconds: 60, cooldown_policy: 'oldest' });
    setting.allocate(network, 'a', { count: 4 });
    setting.allocate(network, 'b', { count: 2 });
    setting.release(network, 'a');
    const wish = { excluded: rangesOf(['10.0.0.1-10.0.0.2']) };
    setting.apply(decideUpdateNetwork(setting.pool, network, wish, setting.origin));
    assert.equal(setting.allocate(network, 'c'), '10.0.0.3');
  });
});
