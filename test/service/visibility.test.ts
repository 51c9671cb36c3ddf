import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolError } from '../../src/errors.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { decideAddNetwork } from '../../src/pool/decide/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import type { Scope } from '../../src/service/scope.ts';
import { Visibility } from '../../src/service/visibility.ts';

const ALL: Scope = { actor: 'anna', requestId: 'r-1' };
const only = (...networks: string[]): Scope => ({ ...ALL, networks: new Set(networks) });

function start() {
  const pool = new Pool();
  const add = (id: string, text: string, more: object = {}) => {
    const cidr = parseCidr(text) ?? assert.fail(text);
    const origin = { at: 1, actor: 'anna', request_id: 'r-1' };
    for (const event of decideAddNetwork(pool, id, { cidr, ...more }, origin)) pool.apply(event);
  };
  add('n-1', '10.1.0.0/24', { name: 'vms' });
  add('n-2', '10.1.0.0/24', { name: 'vms', vrf: 'blue' });
  add('n-3', 'fd00::/64', { name: 'six' });
  const visibility = new Visibility(pool);
  const find = (scope: Scope, text: string, vrf?: string) => visibility.findNetwork(scope, text, vrf)?.id;
  return { add, visibility, find };
}

describe('Visibility', () => {
  it('finds a network by its id, its name, and its CIDR in any spelling', () => {
    const { find } = start();
    for (const text of ['n-3', 'six', 'fd00::/64', 'FD00:0:0:0::/64', 'fd00:0000::0/64'])
      assert.equal(find(ALL, text), 'n-3');
    for (const text of ['n-4', 'seven', 'fd00::/65', 'fd00::1/64', 'fd00::', '10.1.0.0', ''])
      assert.equal(find(ALL, text), undefined);
  });

  it('finds the same text in the only VRF that has it, or in the VRF that is named', () => {
    const { find } = start();
    for (const text of ['vms', '10.1.0.0/24']) {
      assert.throws(() => find(ALL, text), hasCandidates('n-1', 'n-2'));
      assert.equal(find(ALL, text, 'blue'), 'n-2');
      assert.equal(find(only('n-1', 'n-3'), text), 'n-1', 'not ambiguous for whoever sees one of them');
      assert.equal(find(only('n-1'), text, 'blue'), undefined);
    }
    assert.equal(find(ALL, 'n-2', 'default'), undefined, 'an id in another VRF');
  });

  it('prefers an id to a name, unless the id is of a network that is not visible', () => {
    const { add, find } = start();
    add('six', '10.9.0.0/24');
    assert.equal(find(ALL, 'six'), 'six');
    assert.equal(find(only('n-3'), 'six'), 'n-3');
  });

  it('lists in an error only the candidates that are visible', () => {
    const { add, find, visibility } = start();
    add('n-5', '10.1.0.0/24', { vrf: 'red' });
    const scope = only('n-2', 'n-5');
    assert.throws(() => find(scope, '10.1.0.0/24'), hasCandidates('n-2', 'n-5'));
    assert.throws(() => visibility.networkAt(scope, '10.1.0.9'), hasCandidates('n-2', 'n-5'));
    assert.equal(visibility.networkAt(only('n-5'), '10.1.0.9')?.id, 'n-5');
    assert.equal(visibility.networkAt(only('n-3'), '10.1.0.9'), undefined);
  });

  it('reports a hidden network in the words for one that does not exist', () => {
    const { visibility } = start();
    for (const text of ['n-1', 'vms', '10.1.0.0/24']) {
      assert.throws(
        () => visibility.resolveNetwork(only('n-3'), text),
        (error) => error instanceof PoolError && error.code === 'network_not_found' && error.details.network === text,
      );
    }
  });
});

function hasCandidates(...ids: string[]) {
  return (error: unknown) => {
    assert.ok(error instanceof PoolError && error.code === 'ambiguous_vrf', String(error));
    const candidates = error.details.candidates as { network: string; vrf: string }[];
    assert.deepEqual(
      candidates.map(({ network }) => network),
      ids,
    );
    return true;
  };
}
