import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../src/pool/events.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { startSite } from '../support/site.ts';

/** What is committed, as it would be written into the journal. */
class Recording extends MemoryStore {
  readonly events: PoolEvent[] = [];

  override commit(events: readonly PoolEvent[]): Promise<void> {
    this.events.push(...events);
    return super.commit(events);
  }
}

describe('X-Actor', () => {
  it('stands in the event of every change, with the time and the id of the request', async () => {
    const store = new Recording();
    const { api, pass } = await startSite({ store });
    let count = 0;
    const call = async (method: 'post' | 'patch' | 'delete', path: string, body?: object) => {
      pass(1000);
      const asking = api[method](`/api/v1${path}`).set('X-Actor', `actor ${++count}`).set('X-Request-Id', `r-${count}`);
      const answer = await (body ? asking.send(body) : asking);
      assert.ok(answer.status < 300, answer.text);
      return answer.body as { id: string };
    };
    const { id: network } = await call('post', '/networks', { cidr: '10.1.0.0/24' });
    await call('patch', `/networks/${network}`, { name: 'ten' });
    const { id: reservation } = await call('post', '/networks/ten/reservations', { range: '10.1.0.9', reason: 'x' });
    await call('delete', `/networks/ten/reservations/${reservation}`);
    await call('post', '/ip/allocate', { vm_id: 'a' });
    const { id } = await call('post', '/allocations', { network: 'ten', vm_id: 'a', ttl: 60 });
    await call('patch', `/allocations/${id}`, { hostname: 'x' });
    await call('post', `/allocations/${id}/renew`, { ttl: 100 });
    await call('post', `/allocations/${id}/release`);
    await call('delete', '/ip/release/a');
    await call('delete', '/networks/ten');
    assert.deepEqual(
      store.events.map((event) => 'actor' in event && [event.type, event.actor, event.request_id, event.at]),
      [
        'network_added',
        'network_updated',
        'reservation_added',
        'reservation_removed',
        'ip_allocated',
        'ip_allocated',
        'ip_updated',
        'ip_updated',
        'ip_released',
        'ip_released',
        'network_removed',
      ].map((type, i) => [type, `actor ${i + 1}`, `r-${i + 1}`, NOW + (i + 1) * 1000]),
    );
  });

  it('is anonymous when nobody says, and printable text of at most 128 characters', async () => {
    const store = new Recording();
    const { api } = await startSite({ store });
    await api.post('/api/v1/ip/allocate').send({ vm_id: 'a' }).expect(201);
    const [event] = store.events;
    assert.equal(event && 'actor' in event && event.actor, 'anonymous');
    for (const actor of ['', 'ä', 'x'.repeat(129)]) {
      const answer = await api.post('/api/v1/ip/allocate').set('X-Actor', actor).send({ vm_id: 'b' });
      assertError(answer, 400, 'invalid_request', 'X-Actor');
    }
    assert.equal(store.events.length, 1);
  });
});
