import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OFFLINE } from '../../src/config/load.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { decideAddNetwork } from '../../src/pool/decide/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import { DefaultNetwork } from '../../src/compose/default-network.ts';

const ORIGIN = { at: 1, actor: 'a', request_id: 'r' };
const cidr = (text: string) => parseCidr(text) ?? assert.fail(text);

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
});
