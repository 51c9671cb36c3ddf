import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIPv4 } from '../../src/net/address.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { parseRange } from '../../src/net/range.ts';
import { decideAddNetwork, decideAllocate, decideUpdateNetwork } from '../../src/pool/decide.ts';
import { Pool } from '../../src/pool/pool.ts';
import { lowest } from '../../src/pool/strategy.ts';

const origin = { at: 1, actor: 'test', request_id: 'r' };
const request = (cidr: string, gateway?: string, excluded: readonly string[] = []) => ({
  cidr: parseCidr(cidr)!,
  gateway: gateway === undefined ? undefined : parseIPv4(gateway)!,
  excluded: excluded.map((text) => parseRange(text)!),
  strategy: 'round-robin' as const,
});

function network(cidr: string, gateway?: string, excluded: readonly string[] = []) {
  const pool = new Pool();
  for (const event of decideAddNetwork('n', request(cidr, gateway, excluded), origin)) pool.apply(event);
  return pool.network('n');
}

describe('pool.decideAddNetwork', () => {
  it('takes the first host address for the gateway', () => {
    const [event] = decideAddNetwork('n', request('172.16.0.0/24'), origin);
    assert.ok(event?.type === 'network_added');
    assert.equal(event.gateway, '172.16.0.1');
  });

  for (const gateway of ['172.16.0.0', '172.16.0.255', '172.16.1.1', '10.0.0.1']) {
    it(`refuses ${gateway} as gateway of 172.16.0.0/24`, () => {
      assert.throws(() => decideAddNetwork('n', request('172.16.0.0/24', gateway), origin), { code: 'usage' });
    });
  }

  for (const range of ['172.16.1.1', '172.15.255.255-172.16.0.3', '172.16.0.250-172.16.1.2', '172.16.0.0/16']) {
    it(`refuses to exclude ${range} from 172.16.0.0/24`, () => {
      const asked = request('172.16.0.0/24', undefined, [range]);
      assert.throws(() => decideAddNetwork('n', asked, origin), { code: 'usage' });
    });
  }
});

describe('pool: how many addresses a network has', () => {
  const table: readonly [string, string | undefined, string[], number][] = [
    ['172.16.0.0/24', undefined, [], 253],
    ['172.16.0.0/24', '172.16.0.254', [], 253],
    ['172.16.0.0/24', undefined, ['172.16.0.10-172.16.0.19'], 243],
    ['172.16.0.0/24', undefined, ['172.16.0.0/28', '172.16.0.8-172.16.0.20'], 234],
    ['172.16.0.0/24', undefined, ['172.16.0.0', '172.16.0.1', '172.16.0.255'], 253],
    ['172.16.0.0/24', undefined, ['172.16.0.0/24'], 0],
    ['192.168.0.0/30', undefined, [], 1],
    ['192.168.0.0/29', undefined, [], 5],
    ['128.0.0.0/16', undefined, [], 65_533],
    ['10.0.0.0/8', undefined, [], 2 ** 24 - 3],
    ['10.0.0.0/8', undefined, ['10.128.0.0/9'], 2 ** 23 - 2],
  ];
  for (const [cidr, gateway, excluded, expected] of table) {
    it(`${cidr}${gateway ? ` behind ${gateway}` : ''}${excluded.length ? ` without ${excluded.join()}` : ''}: ${expected}`, () => {
      assert.equal(network(cidr, gateway, excluded).available, expected);
    });
  }

  for (const prefixLength of [8, 12, 15, 16, 20, 24, 29, 30]) {
    it(`reaches the first and the last address of a /${prefixLength} and says then that it is exhausted`, () => {
      const size = 2 ** (32 - prefixLength);
      const one = network(`128.0.0.0/${prefixLength}`);
      assert.equal(one.free.next(0), 2);
      assert.equal(one.free.next(size - 2), prefixLength === 30 ? 2 : size - 2);
      assert.equal(one.free.next(size - 1), undefined);
      assert.equal(one.offsetOf(one.ipAt(size - 1)), size - 1);
      const all = network(`128.0.0.0/${prefixLength}`, undefined, [`128.0.0.0/${prefixLength}`]);
      assert.throws(() => decideAllocate(all, { vm_id: 'a', nic: '' }, undefined, lowest, origin), {
        code: 'pool_exhausted',
      });
    });
  }
});

describe('pool.decideUpdateNetwork', () => {
  it('is no event when the same set is said in other words', () => {
    const one = network('10.0.0.0/24', undefined, ['10.0.0.10-10.0.0.12']);
    const same = ['10.0.0.12', '10.0.0.10/31'].map((text) => parseRange(text)!);
    assert.deepEqual(decideUpdateNetwork(one, { excluded: same }, origin), []);
    assert.deepEqual(decideUpdateNetwork(one, {}, origin), []);
    assert.deepEqual(decideUpdateNetwork(one, { strategy: 'round-robin' }, origin), []);
  });

  it('keeps what is not spoken of', () => {
    const one = network('10.0.0.0/24', undefined, ['10.0.0.10']);
    const [event] = decideUpdateNetwork(one, { strategy: 'lowest' }, origin);
    assert.deepEqual(event, {
      type: 'network_updated',
      network: 'n',
      excluded: ['10.0.0.10'],
      strategy: 'lowest',
      ...origin,
    });
  });

  it('refuses a range outside', () => {
    const one = network('10.0.0.0/24');
    assert.throws(() => decideUpdateNetwork(one, { excluded: [parseRange('10.0.1.0')!] }, origin), { code: 'usage' });
  });
});
