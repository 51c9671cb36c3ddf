import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr } from '../../src/net/cidr.ts';
import { Assignable } from '../../src/pool/assignable.ts';

describe('pool.Layout.openTo', () => {
  it('looks at the reservations of the owner only', () => {
    let looked = 0;
    const reservations = Array.from({ length: 1000 }, (_, at) => ({
      id: `r${at}`,
      get first() {
        looked++;
        return BigInt(at * 2 + 2);
      },
      last: BigInt(at * 2 + 2),
      reason: '',
      owner: { vm_id: `vm${at}`, nic: '' },
      expires_at: undefined,
      created_at: 1,
    }));
    const cidr = parseCidr('10.0.0.0/16')!;
    const layout = new Assignable(cidr, undefined, { excluded: [] }, reservations, cidr.base);
    looked = 0;
    const open = layout.to({ vm_id: 'vm500', nic: '' });
    assert.equal(open.firstUnassignable({ first: 1001n, last: 1003n }, false), undefined);
    assert.equal(open.firstUnassignable({ first: 1001n, last: 1004n }, false), 1004n);
    assert.ok(looked < 20, `${looked} times`);
  });
});
