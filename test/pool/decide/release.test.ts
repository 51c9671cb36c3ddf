import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideRelease } from '../../../src/pool/decide/release.ts';
import { Setting, ownerOf } from '../setting.ts';

describe('pool.decideRelease', () => {
  const released = (wish: object) => {
    const setting = new Setting();
    const network = setting.add('n', '10.0.0.0/24', wish);
    setting.allocate(network, 'a', { count: 3, ttl: 9, attributes: { hostname: 'web' } });
    const held = network.byOwner(ownerOf('a'))!;
    const decide = (reason: 'released' | 'expired' | 'network_removed', after: number) => {
      const [event] = decideRelease(network, held, reason, { ...setting.origin, at: setting.now + after });
      assert.ok(event?.type === 'ip_released');
      return event;
    };
    return { setting, decide };
  };

  it('tells all that was known of the allocation', () => {
    const { setting, decide } = released({});
    assert.deepEqual(decide('expired', 9000), {
      type: 'ip_released',
      network: 'n',
      ip: '10.0.0.1',
      end_ip: '10.0.0.3',
      vm_id: 'a',
      nic: '',
      hostname: 'web',
      expires_at: setting.now + 9000,
      ttl: 9,
      allocated_at: setting.now,
      reason: 'expired',
      ...setting.origin,
      at: setting.now + 9000,
    });
    assert.equal(decide('released', 1).reason, undefined);
  });

  it('is later than the allocation, so that the next one of the address has another id', () => {
    const { setting, decide } = released({});
    assert.equal(decide('released', 0).at, setting.now + 1);
    assert.equal(decide('released', -500).at, setting.now + 1);
    assert.equal(decide('released', 2).at, setting.now + 2);
  });

  it('says until when the address is kept', () => {
    const { setting, decide } = released({ cooldown_seconds: 60, sticky_seconds: 600 });
    const event = decide('released', 5);
    assert.equal(event.cooling_until, setting.now + 60_005);
    assert.equal(event.sticky_until, setting.now + 600_005);
    const gone = decide('network_removed', 5);
    assert.deepEqual([gone.cooling_until, gone.sticky_until], [undefined, undefined]);
  });
});
