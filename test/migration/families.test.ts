import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toEtcd } from '../../src/migration/migrate.ts';
import { PoolFamily } from '../../src/pool/family.ts';
import { Families } from '../../src/store/families.ts';
import { Image } from '../../src/store/etcd/image.ts';
import { EtcdClient } from '../../src/store/etcd/client.ts';
import { requirePoolEvents } from '../../src/store/etcd/pool-events.ts';
import { createFolder } from '../../src/store/journal/create.ts';
import { added, given } from '../store/journal/history.ts';
import { Place } from '../store/journal/place.ts';
import { NoteFamily, noted } from '../store/note-family.ts';

describe('a migration to etcd of a family that etcd cannot hold', () => {
  it('is refused before etcd is asked for anything, and the folder stays as it is', async (t) => {
    const place = await Place.make(t);
    const registry = new Families([new PoolFamily(), new NoteFamily()]);
    const events = [added, given(2), noted('a', 'first')];
    await createFolder(place.dir, { families: ['pool', 'notes'], events }, '2026-01-01T00:00:00.000Z');
    const before = await place.files();
    // Nothing listens there: any request would fail with another code.
    const client = new EtcdClient({ endpoints: ['http://127.0.0.1:1'], now: () => 0 });
    t.after(() => client.close());
    const image = new Image(client, '/ippool/test/', 'word');
    await assert.rejects(toEtcd(place.dir, image, registry), { code: 'data_mismatch', message: /family notes/ });
    assert.deepEqual(await place.files(), before);
  });
});

describe('requirePoolEvents', () => {
  it('lets events of the pool through, and refuses those of another family', () => {
    assert.deepEqual(requirePoolEvents([added, given(2)]), [added, given(2)]);
    assert.throws(() => requirePoolEvents([given(2), noted('a', 'first')]), { code: 'data_mismatch' });
  });
});
