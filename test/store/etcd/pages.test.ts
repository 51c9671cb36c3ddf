import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { KeyValue, RangeRequest, RangeResponse } from '../../../src/store/etcd/messages.ts';
import { pages } from '../../../src/store/etcd/pages.ts';

const HEADER = { cluster_id: '1', member_id: '1', revision: '9', raft_term: '1' };

/** Sorted keys, read as etcd reads them: whatever the limit, all of a range are counted. */
function site(names: readonly string[]) {
  const sorted = [...new Set(names)].sort();
  const kvs = sorted.map((key): KeyValue => ({ key, mod_revision: '1', value: '' }));
  const seen = { counted: 0, calls: 0 };
  const range = ({ key, range_end, limit = 0, revision }: RangeRequest): Promise<RangeResponse> => {
    assert.equal(revision, 9);
    const [from, to] = [key, range_end ?? ''];
    const first = sorted.findIndex((name) => name >= from);
    const found = first < 0 ? [] : kvs.slice(first).filter(({ key }) => key < to);
    seen.counted += found.length;
    seen.calls++;
    const sent = found.slice(0, limit);
    return Promise.resolve({ header: HEADER, kvs: sent, more: found.length > limit, count: String(found.length) });
  };
  return { sorted, client: { range }, seen };
}

async function read(client: ReturnType<typeof site>['client'], limit: number, to = 'ip0'): Promise<string[]> {
  const all: string[] = [];
  for await (const page of pages(client, { from: 'ip/', to }, 9, limit)) {
    assert.ok(page.length <= limit);
    all.push(...page.map(({ key }) => key));
  }
  return all;
}

const hex = (value: number) => value.toString(16).padStart(8, '0');

describe('pages', () => {
  it('are all keys once, in their order, however they lie', async (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    const near = fc.integer({ min: 0, max: 300 });
    const far = fc.integer({ min: 0, max: 0xffffffff });
    const named = fc.tuple(fc.constantFrom('a', 'net-1', 'net-129'), fc.oneof(near, far));
    const odd = fc.integer({ min: 1, max: 127 }).map((code) => `ip/${String.fromCharCode(code)}`);
    const beside = ['io', 'ip', 'ip0', 'ip00', 'ip01', 'iq'];
    const name = fc.oneof({ weight: 9, arbitrary: named.map(([net, n]) => `ip/${net}/${hex(n)}`) }, odd);
    await fc.assert(
      fc.asyncProperty(fc.array(name, { maxLength: 400 }), fc.integer({ min: 1, max: 60 }), async (names, limit) => {
        const { sorted, client } = site([...beside, ...names]);
        const inside = sorted.filter((name) => name.startsWith('ip/'));
        assert.deepEqual(await read(client, limit), inside);
      }),
      { numRuns: 300, seed },
    );
  });

  it('end where they are told to, in the middle of keys', async () => {
    const { sorted, client } = site(Array.from({ length: 300 }, (_, n) => `ip/default/${hex(n)}`));
    assert.deepEqual(await read(client, 50, `ip/default/${hex(120)}`), sorted.slice(0, 120));
  });

  it('do not make etcd count what follows with each', async () => {
    const addresses = Array.from({ length: 10_000 }, (_, n) => `ip/default/${hex(0x0a_00_00_00 + n)}`);
    const few = Array.from({ length: 50 }, (_, n) => `ip/other/${hex(n * 1_000_003)}`);
    const { sorted, client, seen } = site([...addresses, ...few]);
    assert.deepEqual(await read(client, 100), sorted);
    // The first is asked for without bounds; a page in turn for each was 500,000.
    assert.ok(seen.counted < 5 * sorted.length, `${seen.counted} counted`);
    assert.ok(seen.calls < 200, `${seen.calls} calls`);
  });
});
