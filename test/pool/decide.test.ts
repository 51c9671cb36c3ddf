import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../src/net/address.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { decideAllocate } from '../../src/pool/decide/allocate.ts';
import { decideAddNetwork } from '../../src/pool/decide/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import { lowest } from '../../src/pool/strategy.ts';
import { rangesOf } from './setting.ts';

const origin = { at: 1, actor: 'test', request_id: 'r' };

/** Behind the first host address, which the gateway has unless another one is named; null: none has. */
function network(cidrText: string, gateway: string | null | undefined, excluded: readonly string[] = []) {
  const pool = new Pool();
  const cidr = parseCidr(cidrText)!;
  const first = { family: cidr.family, value: cidr.base + 1n };
  const wish = {
    cidr,
    gateway: gateway === null ? undefined : gateway === undefined ? first : parseAddress(gateway)!,
    excluded: rangesOf(excluded),
  };
  for (const event of decideAddNetwork(pool, 'n', wish, origin)) pool.apply(event);
  return { pool, network: pool.network('n') };
}

describe('pool: how many addresses a network has', () => {
  const table: readonly [string, string | null | undefined, string[], bigint][] = [
    ['172.16.0.0/24', undefined, [], 253n],
    ['172.16.0.0/24', '172.16.0.254', [], 253n],
    ['172.16.0.0/24', null, [], 254n],
    ['172.16.0.0/24', undefined, ['172.16.0.10-172.16.0.19'], 243n],
    ['172.16.0.0/24', undefined, ['172.16.0.0/28', '172.16.0.8-172.16.0.20'], 234n],
    ['172.16.0.0/24', undefined, ['172.16.0.0', '172.16.0.1', '172.16.0.255'], 253n],
    ['172.16.0.0/24', undefined, ['172.16.0.0/24'], 0n],
    ['192.168.0.0/30', undefined, [], 1n],
    ['192.168.0.0/29', undefined, [], 5n],
    ['192.168.0.0/31', null, [], 2n],
    ['192.168.0.0/31', '192.168.0.0', [], 1n],
    ['192.168.0.7/32', null, [], 1n],
    ['128.0.0.0/16', undefined, [], 65_533n],
    ['10.0.0.0/8', undefined, [], 2n ** 24n - 3n],
    ['10.0.0.0/8', undefined, ['10.128.0.0/9'], 2n ** 23n - 2n],
    ['fd00::/128', null, [], 1n],
    ['fd00::/127', null, [], 2n],
    ['fd00::/126', undefined, [], 2n],
    ['fd00::/64', null, [], 2n ** 64n - 1n],
    ['fd00::/64', undefined, ['fd00::8000:0:0:0/65'], 2n ** 63n - 2n],
    ['fd00::/16', undefined, [], 2n ** 112n - 2n],
  ];
  for (const [cidr, gateway, excluded, expected] of table) {
    const behind = gateway === undefined ? '' : ` behind ${gateway ?? 'no gateway'}`;
    it(`${cidr}${behind}${excluded.length ? ` without ${excluded.join()}` : ''}: ${expected}`, () => {
      assert.equal(network(cidr, gateway, excluded).network.available, expected);
    });
  }

  for (const prefixLength of [8, 12, 15, 16, 20, 24, 29, 30]) {
    it(`reaches the first and the last address of a /${prefixLength} and says then that it is exhausted`, () => {
      const size = 2n ** BigInt(32 - prefixLength);
      const one = network(`128.0.0.0/${prefixLength}`, undefined).network;
      assert.equal(one.free.next(0n), 2n);
      assert.equal(one.free.next(size - 2n), size - 2n);
      assert.equal(one.free.next(size - 1n), undefined);
      assert.equal(one.offsetOf(one.ipAt(size - 1n)), size - 1n);
      const none = network(`128.0.0.0/${prefixLength}`, undefined, [`128.0.0.0/${prefixLength}`]);
      const wish = { owner: { vm_id: 'a', nic: '' }, attributes: {} };
      assert.throws(() => decideAllocate(none.pool, none.network, wish, lowest, origin), { code: 'pool_exhausted' });
    });
  }

  for (const prefixLength of [16, 56, 64, 100, 126]) {
    it(`reaches the first and the last address of an IPv6 /${prefixLength}`, () => {
      const size = 2n ** BigInt(128 - prefixLength);
      const one = network(`fd00::/${prefixLength}`, undefined).network;
      assert.equal(one.free.next(0n), 2n);
      assert.equal(one.free.next(size - 1n), size - 1n);
      assert.equal(one.free.next(size), undefined);
      assert.equal(one.offsetOf(one.ipAt(size - 1n)), size - 1n);
    });
  }
});
