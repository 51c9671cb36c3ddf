import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../../src/net/address.ts';
import { parseCidr } from '../../../src/net/cidr.ts';
import {
  decideAddNetwork,
  decideRemoveNetwork,
  decideUpdateNetwork,
  type NetworkSpec,
} from '../../../src/pool/decide/network.ts';
import { decideReserve, decideUnreserve } from '../../../src/pool/decide/reservation.ts';
import { ownerOf, rangesOf, refusalOf, Setting } from '../setting.ts';

const gatewayOf = (text: string) => ({ gateway: parseAddress(text)! });

describe('pool.decideAddNetwork', () => {
  const decide = (cidr: string, wish: NetworkSpec = {}) => {
    const setting = new Setting();
    setting.add('other', '10.0.0.0/16', { name: 'lab' });
    return decideAddNetwork(setting.pool, 'n', { ...wish, cidr: parseCidr(cidr)! }, setting.origin);
  };

  it('has no gateway but the one that is named', () => {
    const [event] = decide('172.16.0.0/24');
    assert.ok(event?.type === 'network_added' && event.gateway === undefined);
  });

  const cidr = '172.16.0.0/24';
  const refused: readonly [string, string, NetworkSpec, string, object][] = [
    ['the network address as gateway', cidr, gatewayOf('172.16.0.0'), 'usage', { field: 'gateway' }],
    ['the broadcast address as gateway', cidr, gatewayOf('172.16.0.255'), 'usage', { field: 'gateway' }],
    ['a gateway behind it', cidr, gatewayOf('172.16.1.1'), 'usage', { field: 'gateway' }],
    ['a gateway of the other family', cidr, gatewayOf('::ac10:1'), 'usage', { field: 'gateway' }],
    ['an exclusion outside', cidr, { excluded: rangesOf(['172.16.1.1']) }, 'usage', { field: 'excluded' }],
    [
      'an exclusion that begins outside',
      cidr,
      { excluded: rangesOf(['172.15.255.255-172.16.0.3']) },
      'usage',
      { field: 'excluded' },
    ],
    [
      'an exclusion that ends outside',
      cidr,
      { excluded: rangesOf(['172.16.0.250-172.16.1.2']) },
      'usage',
      { field: 'excluded' },
    ],
    ['a range around it', cidr, { ranges: rangesOf(['172.16.0.0/16']) }, 'usage', { field: 'ranges' }],
    ['a range of the other family', cidr, { ranges: rangesOf(['::/96']) }, 'usage', { field: 'ranges' }],
    ['a network that is too large', '0.0.0.0/7', {}, 'usage', { field: 'cidr' }],
    ['an IPv6 network that is too large', '2000::/15', {}, 'usage', { field: 'cidr' }],
    [
      'a network within another',
      '10.0.3.0/24',
      {},
      'network_overlap',
      { field: 'cidr', network: 'other', cidr: '10.0.0.0/16' },
    ],
    [
      'a network around another',
      '10.0.0.0/8',
      {},
      'network_overlap',
      { field: 'cidr', network: 'other', cidr: '10.0.0.0/16' },
    ],
    ['the name of another', cidr, { name: 'lab' }, 'network_exists', { field: 'name', network: 'other' }],
    ['the id of another as its name', cidr, { name: 'other' }, 'network_exists', { field: 'name', network: 'other' }],
  ];
  for (const [what, text, wish, code, details] of refused) {
    it(`refuses ${what}`, () =>
      assert.deepEqual(
        refusalOf(() => decide(text, wish)),
        { code, details },
      ));
  }

  for (const text of ['0.0.0.0/8', '10.1.0.0/31', '10.1.0.0/32', '2000::/16', 'fd00::/127', 'fd00::/128', '::/64']) {
    it(`takes ${text}`, () => assert.equal(decide(text).length, 1));
  }
});

describe('pool.decideUpdateNetwork', () => {
  /** 10.0.0.64/26 with gateway .65; a holds .70, r .100 to .103; .110 is reserved. */
  function used() {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.64/26', {
      gateway: '10.0.0.65',
      excluded: rangesOf(['10.0.0.90-10.0.0.92']),
      name: 'lab',
    });
    setting.add('other', '10.0.1.0/24', { name: 'red' });
    setting.allocate(network, 'a', { ip: '10.0.0.70' });
    setting.allocate(network, 'r', { ip: '10.0.0.100', count: 4 });
    setting.reserve(network, 'r1', '10.0.0.110');
    const decide = (wish: NetworkSpec) => decideUpdateNetwork(setting.pool, network, wish, setting.origin);
    return { setting, network, decide };
  }
  const to = (text: string, wish: NetworkSpec = {}): NetworkSpec => ({ cidr: parseCidr(text)!, ...wish });

  it('is no event when the same set is said in other words', () => {
    const { decide } = used();
    assert.deepEqual(decide({ excluded: rangesOf(['10.0.0.92', '10.0.0.90/31']) }), []);
    for (const wish of [
      {},
      { strategy: 'round-robin' },
      to('10.0.0.64/26'),
      { drain: false },
      { ranges: [] },
    ] as const) {
      assert.deepEqual(decide(wish), []);
    }
  });

  it('keeps what is not spoken of, and drops what is null', () => {
    const { setting, decide } = used();
    const kept = { type: 'network_updated', network: 'n', cidr: '10.0.0.64/26', excluded: ['10.0.0.90-10.0.0.92'] };
    assert.deepEqual(decide({ strategy: 'lowest' }), [
      { ...kept, gateway: '10.0.0.65', name: 'lab', strategy: 'lowest', ...setting.origin },
    ]);
    assert.deepEqual(decide({ name: null, gateway: null, tags: ['x'], cooldown_seconds: 9, drain: true }), [
      {
        ...kept,
        gateway: null,
        strategy: 'round-robin',
        tags: ['x'],
        cooldown_seconds: 9,
        drain: true,
        ...setting.origin,
      },
    ]);
  });

  const a = { ip: '10.0.0.70', vm_id: 'a' };
  const r = { ip: '10.0.0.100', vm_id: 'r' };
  const left = (...allocations: object[]) => ({ network: 'n', count: 2, allocations });
  const refused: readonly [string, NetworkSpec, string, object][] = [
    ['an exclusion outside', { excluded: rangesOf(['10.0.1.0']) }, 'usage', { field: 'excluded' }],
    ['another family', to('fd00::/64'), 'usage', { field: 'cidr' }],
    ['to leave its gateway outside', to('10.0.0.68/30', { ranges: [] }), 'usage', { field: 'gateway' }],
    [
      'to grow over another',
      to('10.0.0.0/23'),
      'network_overlap',
      { field: 'cidr', network: 'other', cidr: '10.0.1.0/24' },
    ],
    ['the name of another', { name: 'red' }, 'network_exists', { field: 'name', network: 'other' }],
    ['to leave allocations outside', { ranges: rangesOf(['10.0.0.71-10.0.0.102']) }, 'network_in_use', left(a, r)],
    ['to cut a range in two', { ranges: rangesOf(['10.0.0.65-10.0.0.101', '10.0.0.103']) }, 'network_in_use', left(r)],
    ['the address of somebody for its gateway', gatewayOf('10.0.0.102'), 'network_in_use', left(r)],
    ['to leave a reservation outside', to('10.0.0.64/27'), 'network_in_use', { network: 'n', reservations: ['r1'] }],
  ];
  for (const [what, wish, code, details] of refused) {
    it(`refuses ${what}`, () =>
      assert.deepEqual(
        refusalOf(() => used().decide(wish)),
        { code, details },
      ));
  }

  it('refuses to make a broadcast address of what somebody holds', () => {
    const { setting, network, decide } = used();
    setting.apply(decideUnreserve(network, 'r1', 'removed', setting.origin));
    setting.allocate(network, 'b', { ip: '10.0.0.71' });
    const refusal = refusalOf(() => decide(to('10.0.0.64/29')));
    const allocations = [{ ip: '10.0.0.71', vm_id: 'b' }, r];
    assert.deepEqual(refusal, { code: 'network_in_use', details: { network: 'n', count: 3, allocations } });
  });

  it('refuses to shrink below its ranges', () => {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.0/24', { ranges: rangesOf(['10.0.0.10-10.0.0.200']) });
    const decide = (wish: NetworkSpec) => decideUpdateNetwork(setting.pool, network, wish, setting.origin);
    assert.deepEqual(
      refusalOf(() => decide(to('10.0.0.0/25'))),
      { code: 'usage', details: { field: 'ranges' } },
    );
    assert.equal(decide(to('10.0.0.0/25', { ranges: [] })).length, 1);
  });

  it('grows down and up in service: every address stays where it is', () => {
    const { setting, network, decide } = used();
    setting.apply(decide(to('10.0.0.0/24')));
    assert.equal(network.byOwner(ownerOf('a')) && network.ipAt(network.byOwner(ownerOf('a'))!.offset), '10.0.0.70');
    assert.equal(setting.allocate(network, 'b'), '10.0.0.1');
    assert.equal(setting.allocate(network, 'c', { ip: '10.0.0.254' }), '10.0.0.254');
    assert.equal(setting.allocate(network, 'd', { ip: '10.0.0.127' }), '10.0.0.127', 'it was the broadcast address');
    assert.equal(network.allocated, 8n);
  });
});

describe('pool.decideRemoveNetwork', () => {
  it('takes allocations along only when told to, and drained', () => {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.0/24', { cooldown_seconds: 60, sticky_seconds: 60 });
    setting.allocate(network, 'a');
    const decide = (force: boolean) => decideRemoveNetwork(network, force, setting.origin);
    const details = { network: 'n', count: 1, allocations: [{ ip: '10.0.0.1', vm_id: 'a' }] };
    for (const force of [false, true]) {
      assert.deepEqual(
        refusalOf(() => decide(force)),
        { code: 'network_in_use', details },
      );
    }
    setting.apply(decideUpdateNetwork(setting.pool, network, { drain: true }, setting.origin));
    assert.equal(refusalOf(() => decide(false)).code, 'network_in_use');
    const [released, removed, ...rest] = decide(true);
    assert.ok(released?.type === 'ip_released' && released.reason === 'network_removed');
    assert.deepEqual([released.cooling_until, released.sticky_until], [undefined, undefined]);
    assert.deepEqual([removed?.type, rest], ['network_removed', []]);
    setting.apply(decide(true));
    assert.equal(setting.pool.find('n'), undefined);
  });
});

describe('pool.decideReserve', () => {
  it('says what is in the way', () => {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.0/24');
    setting.allocate(network, 'a', { ip: '10.0.0.10', count: 4 });
    setting.reserve(network, 'r1', '10.0.0.50-10.0.0.59');
    const decide = (range: string, owner?: string) => {
      const wish = { reason: 'x', owner: owner === undefined ? undefined : ownerOf(owner), expires_at: undefined };
      return decideReserve(network, 'r2', { range: rangesOf([range])[0]!, ...wish }, setting.origin);
    };
    const held = { field: 'range', ip: '10.0.0.10', vm_id: 'a' };
    const table: readonly [string, string | undefined, string, object][] = [
      ['10.0.0.250-10.0.1.3', undefined, 'invalid_address', { field: 'range' }],
      ['::1', undefined, 'invalid_address', { field: 'range' }],
      ['10.0.0.59-10.0.0.60', undefined, 'reservation_overlap', { field: 'range', reservation: 'r1' }],
      ['10.0.0.40-10.0.0.70', 'a', 'reservation_overlap', { field: 'range', reservation: 'r1' }],
      ['10.0.0.13-10.0.0.20', undefined, 'address_taken', held],
      ['10.0.0.0-10.0.0.10', 'b', 'address_taken', held],
    ];
    for (const [range, owner, code, details] of table) {
      assert.deepEqual(
        refusalOf(() => decide(range, owner)),
        { code, details },
        range,
      );
    }
    assert.equal(decide('10.0.0.13-10.0.0.20', 'a').length, 1);
    assert.equal(decide('10.0.0.60').length, 1);
    const none = refusalOf(() => decideUnreserve(network, 'r9', 'removed', setting.origin));
    assert.deepEqual(none, { code: 'reservation_not_found', details: { network: 'n' } });
  });
});
