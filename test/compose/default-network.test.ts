import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolError } from '../../src/errors.ts';
import { OFFLINE } from '../../src/config/load.ts';
import { parseAddress } from '../../src/net/address.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { parseRange } from '../../src/net/range.ts';
import { decideAddNetwork } from '../../src/pool/decide/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import { DefaultNetwork } from '../../src/compose/default-network.ts';

const ORIGIN = { at: 1, actor: 'a', request_id: 'r' };
const cidr = (text: string) => parseCidr(text) ?? assert.fail(text);
const address = (text: string) => parseAddress(text) ?? assert.fail(text);
const range = (text: string) => parseRange(text) ?? assert.fail(text);

/** A folder that holds `default`, or nothing, and a start with --network. */
function start(held: string | undefined, network: string | undefined) {
  const pool = new Pool();
  if (held !== undefined) {
    for (const event of decideAddNetwork(pool, 'default', { cidr: cidr(held) }, ORIGIN)) pool.apply(event);
  }
  return new DefaultNetwork({ ...OFFLINE, network: network === undefined ? undefined : cidr(network) }, pool);
}

describe('the network of serve', () => {
  it('may have grown in service since it was named', () => {
    start('10.0.0.0/23', '10.0.0.0/24').accept(ORIGIN, false);
    start('10.0.0.0/23', '10.0.0.0/23').accept(ORIGIN, false);
  });

  it('is no other one', () => {
    for (const network of ['10.1.0.0/24', '10.0.0.0/22', 'fd00::/64']) {
      assert.throws(() => start('10.0.0.0/23', network).accept(ORIGIN, false), { code: 'data_mismatch' });
    }
  });

  it('is made in an empty folder, and again only by name once it was removed', () => {
    assert.equal(start(undefined, undefined).settle(ORIGIN, true).length, 1);
    assert.equal(start(undefined, undefined).settle(ORIGIN, false).length, 0);
    assert.equal(start(undefined, '10.0.0.0/24').settle(ORIGIN, false).length, 1);
    assert.deepEqual(start('10.0.0.0/24', '10.0.0.0/24').settle(ORIGIN, false), []);
  });

  const misfits = [
    { flag: '--network', settings: { network: cidr('10.0.0.0/7') } },
    { flag: '--gateway', settings: { gateway: address('10.0.0.1') } },
    { flag: '--exclude', settings: { exclude: [range('10.0.0.1')] } },
  ];
  for (const { flag, settings } of misfits) {
    it(`is refused with the name of the flag ${flag}`, () => {
      const network = new DefaultNetwork({ ...OFFLINE, ...settings }, new Pool());
      assert.throws(
        () => network.settle(ORIGIN, true),
        (error) => {
          assert.ok(error instanceof PoolError);
          assert.deepEqual([error.code, error.details.field], ['usage', flag]);
          assert.ok(error.cause instanceof PoolError);
          return error.message === `${flag}: ${error.cause.message}`;
        },
      );
    });
  }
});
