import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { verifyFolder } from '../../../src/store/journal/verify.ts';
import { Place } from './place.ts';
import { familiesOf, poolEvents } from '../../support/families.ts';

/*
 * fixture-v1/ was written by the server of the first release, format version 1, and is never written again:
 *
 *   snapshot-6    vm-1 to vm-4 with host names, vm-2 released
 *   journal-6     vm-5 to vm-8; 10.20.0.100-120 excluded at a restart; vm-4 renamed; vm-9
 *   snapshot-13
 *   journal-13    vm-10 to vm-12, vm-9 released; another restart; vm-13, vm-5 released
 */
const FOLDER = fileURLToPath(new URL('fixture-v1/', import.meta.url));

/** Address, VM, host name, when it was given (milliseconds after 2026-11-21T12:16:55Z). */
const HELD: readonly (readonly [string, string, string | undefined, number])[] = [
  ['10.20.0.2', 'vm-1', 'host-1', 569],
  ['10.20.0.4', 'vm-3', 'host-3', 613],
  ['10.20.0.5', 'vm-4', 'renamed-4', 637],
  ['10.20.0.7', 'vm-6', undefined, 695],
  ['10.20.0.8', 'vm-7', undefined, 714],
  ['10.20.0.9', 'vm-8', undefined, 729],
  ['10.20.0.11', 'vm-10', undefined, 1967],
  ['10.20.0.12', 'vm-11', undefined, 1990],
  ['10.20.0.13', 'vm-12', undefined, 2006],
  ['10.20.0.14', 'vm-13', 'last-13', 3361],
];

async function fixture(t: TestContext): Promise<Place> {
  const place = await Place.make(t);
  await place.restore(new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(`${FOLDER}${name}`)])));
  return place;
}

/** Who holds what after these events, worked out without the pool. */
function heldAfter(events: readonly PoolEvent[]) {
  const began = Date.parse('2026-11-21T12:16:55Z');
  const held = new Map<string, (typeof HELD)[number]>();
  for (const event of events) {
    if (event.type === 'ip_released') held.delete(event.ip);
    if (event.type === 'ip_allocated') held.set(event.ip, [event.ip, event.vm_id, event.hostname, event.at - began]);
    if (event.type === 'ip_updated') {
      const before = held.get(event.ip)!;
      held.set(event.ip, [before[0], before[1], event.hostname, before[3]]);
    }
  }
  return [...held.values()];
}

async function delivered(place: Place): Promise<PoolEvent[]> {
  const events: PoolEvent[] = [];
  const journal = place.journal({});
  await journal.open((batch) => events.push(...poolEvents(batch.events)));
  await journal.close();
  return events;
}

describe('journal: a folder of format version 1', () => {
  it('holds exactly what was in it', async (t) => {
    const events = await delivered(await fixture(t));
    assert.deepEqual(heldAfter(events), HELD);
    assert.equal(events.length, 16, 'ten of the snapshot, six of the journal behind it');
    const [added] = events;
    assert.ok(added?.type === 'network_added');
    assert.deepEqual(
      [added.network, added.cidr, added.gateway, added.excluded, added.strategy],
      ['default', '10.20.0.0/24', '10.20.0.1', ['10.20.0.100-10.20.0.120'], 'round-robin'],
    );
  });

  it('is taken in by a pool', async (t) => {
    const session = await (await fixture(t)).open();
    const state = session.state().join('\n');
    for (const [ip, vm] of HELD) assert.match(state, new RegExp(`"${ip.replaceAll('.', '\\.')}".*"${vm}"`));
  });

  it('says the same without its newest snapshot: by the generation before', async (t) => {
    const place = await fixture(t);
    const files = new Map(await place.files());
    files.delete('snapshot-13.json');
    await place.restore(files);
    assert.deepEqual(heldAfter(await delivered(place)), HELD);
  });

  it('is sound', async (t) => {
    const { findings, files, records, counts } = await verifyFolder((await fixture(t)).dir, familiesOf());
    assert.deepEqual(
      { findings, files, records, allocations: counts.get('allocations') },
      { findings: [], files: 4, records: 13, allocations: 10 },
    );
  });
});
