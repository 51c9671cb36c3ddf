import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestApp } from '../support/app.ts';
import { ELSEWHERE } from '../support/service.ts';

const HELD = 20_000;
const SLICE = 250;

describe('listing.list', () => {
  it('gives other requests their turn after every 1,000 allocations that it looks at, found or not', async () => {
    const { listing, pool } = await createTestApp({ cidr: '10.0.0.0/16' });
    for (let n = 0; n < HELD; n++) {
      const ip = `10.0.${(n >> 8) + 1}.${n & 255}`;
      pool.apply({ type: 'ip_allocated', ip, vm_id: `vm-${n}`, ...ELSEWHERE });
    }
    const scope = { actor: 'test', requestId: 'r' };
    for (const vmIdPrefix of ['', 'vm-19999', 'none-']) {
      let turns = 0;
      let counting = true;
      const count = () => {
        turns++;
        if (counting) setImmediate(count);
      };
      setImmediate(count);
      let found = 0;
      for await (const slice of listing.list(scope, { network: 'default', vmIdPrefix })) found += slice.length;
      counting = false;
      assert.equal(found, { '': HELD, 'vm-19999': 1 }[vmIdPrefix] ?? 0);
      assert.ok(turns >= HELD / SLICE - 1, `${turns} turns for "${vmIdPrefix}"`);
    }
  });
});
