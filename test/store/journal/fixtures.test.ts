import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DomainEvent } from '../../../src/store/families.ts';
import type { History } from '../../../src/store/history.ts';
import { verifyFolder } from '../../../src/store/journal/verify.ts';
import { familiesOf } from '../../support/families.ts';
import { Place, type Session } from './place.ts';

/*
 * Folders that servers of earlier releases wrote: fixture-v1/ in format 1, see fixture.test.ts; fixture-v2/ in format 2, with
 * four IPv4 and IPv6 networks, ranges, exclusions, reservations, leases, delegated prefixes, a key instead of a VM, tags,
 * MACs, cooling and sticky addresses, a removed network, and three generations. They are never written again.
 *
 * The checksums were computed by the release before format 3, from its own reading of the folders. Each is the SHA-256 of
 * lines joined by newlines, a line being the JSON of the entries of an event, sorted by name: for the state, the sorted
 * lines of the events of a snapshot with that type; for the history, "<record> <line>", newest first.
 */
const TYPES = {
  networks: 'network_added',
  reservations: 'reservation_added',
  allocations: 'ip_allocated',
  cooling: 'ip_remembered',
} as const;
const NOTHING = createHash('sha256').digest('hex');
const EXPECTED: Readonly<Record<string, Readonly<Record<keyof typeof TYPES | 'history', string>>>> = {
  'fixture-v1': {
    networks: '716fb8161bc0c85ede833403c394d45769b0386c79b99d065851b22beb255ac0',
    reservations: NOTHING,
    allocations: '49f5e4bba3b2d0e7b8a4276bbc40e68f4eb47ecedb8260484d35e180c9b2f8a5',
    cooling: NOTHING,
    history: '2138273b583d338f5574321c096f196980fdf7ed859b2cb2f1199dfeca224075',
  },
  'fixture-v2': {
    networks: '30c5a79178906c83c1879f93d79a888bf2cd7d8d5def8c22bca6558c0d664b5c',
    reservations: '3202abeb4831ec4dce6e88c8546bb0c8e03662461930f7fdefe9945fcf5b31c2',
    allocations: '21466e09f0968abe3af176d5350a90ae2d3ae1464337e976afcc13ab4455dd2c',
    cooling: '42ff53755c79870d93f7f5993bd9a2e72a78d05899e60cbc010b771af7618173',
    history: '6240789a807ae5e58e499e3508467395912a2826f7c43de702a339aaf4daf5ec',
  },
};

const canonical = (event: DomainEvent) => JSON.stringify(Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1)));
const digest = (lines: readonly string[]) => createHash('sha256').update(lines.join('\n')).digest('hex');

async function checksums({ pool, journal }: Session) {
  const snapshot = [...familiesOf(pool).snapshot().events];
  const state = Object.entries(TYPES).map(([section, wanted]) => {
    const lines = snapshot.filter(({ type }) => type === wanted).map(canonical);
    return [section, digest(lines.sort())] as const;
  });
  return { ...Object.fromEntries(state), history: digest(await recordsOf(journal.history)) };
}

async function recordsOf(history: History): Promise<string[]> {
  const lines: string[] = [];
  for await (const { id, event } of history.search({})) lines.push(`${id} ${canonical(event)}`);
  return lines;
}

/** A copy of a fixture, which a start may convert. */
async function copied(t: TestContext, name: string): Promise<Place> {
  const folder = fileURLToPath(new URL(`${name}/`, import.meta.url));
  const place = await Place.make(t);
  await place.restore(new Map(readdirSync(folder).map((file) => [file, readFileSync(folder + file)])));
  return place;
}

async function journalVersions(place: Place): Promise<number[]> {
  const journals = [...(await place.files())].filter(([name]) => /^journal-\d+\.jsonl$/.test(name));
  return journals.map(([, bytes]) => (JSON.parse(bytes.toString().split('\n', 1)[0] ?? '') as { v: number }).v);
}

describe('journal: folders of earlier releases', () => {
  for (const [name, expected] of Object.entries(EXPECTED)) {
    it(`have the same checksums before, during and after their conversion: ${name}`, async (t) => {
      const place = await copied(t, name);
      const records = (await verifyFolder(place.dir, familiesOf())).records;
      const first = await place.open();
      assert.deepEqual(await checksums(first), expected);
      await first.compactions(1);
      assert.deepEqual(await checksums(first), expected);
      await first.close();
      assert.equal(Math.max(...(await journalVersions(place))), 3);
      const second = await place.open();
      assert.deepEqual(await checksums(second), expected);
      await second.close();
      const verified = await verifyFolder(place.dir, familiesOf());
      assert.deepEqual(verified.findings, []);
      assert.equal(verified.records, records, 'nothing is lost of the history');
    });

    it(`are converted once: ${name}`, async (t) => {
      const place = await copied(t, name);
      const first = await place.open();
      await first.compactions(1);
      await first.close();
      const files = [...(await place.files()).keys()];
      await (await place.open()).close();
      assert.deepEqual([...(await place.files()).keys()], files);
    });
  }
});
