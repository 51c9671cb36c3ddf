import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { listen } from '../../src/http/server.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import type { History, Recorded } from '../../src/store/history.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { assertError } from '../support/error-response.ts';
import { createTestApp, NOW } from '../support/app.ts';
import { sendRaw } from '../support/raw.ts';
import { call } from '../support/requests.ts';
import { ELSEWHERE } from '../support/service.ts';
import { type TypedResponse, startSite, V1 } from '../support/site.ts';

const LINES = 'application/x-ndjson';

/** Three networks with some allocations, of which some have ended; reservations; a VM that came and went. */
async function start() {
  const site = await startSite({ cidr: '172.16.0.0/24', store: new MemoryStore() });
  await site.add('fd00:1::/64', { name: 'six' });
  await site.add('10.1.0.0/24', { name: 'ten' });
  for (let n = 0; n < 9; n++) {
    await site.give({
      network: ['default', 'six', 'ten'][n % 3],
      vm_id: `vm-${n}`,
      hostname: 'web',
      description: 'Tüte "zwei"',
    });
  }
  await site.give({ network: 'ten', vm_id: 'range', count: 4 });
  for (const vm of ['vm-0', 'vm-3', 'vm-6']) {
    await site.remove(`/ip/release/${vm}`).expect(200);
    await site.give({ network: 'default', vm_id: 'vm-0', nic: vm, ip: '172.16.0.99', ttl: 60 });
    await site.remove('/ip/release-by-ip/172.16.0.99').expect(200);
  }
  for (const range of ['10.1.0.200', '10.1.0.210-10.1.0.220', '10.1.0.240/30']) {
    const answer = await site.post('/networks/ten/reservations', { range, reason: 'tests' });
    assert.equal(answer.status, 201, answer.text);
  }
  const lines = async (path: string, accept = LINES) => {
    const answer = await site.api
      .get(V1 + path)
      .set('Accept', accept)
      .buffer();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.get('Content-Type'), `${LINES}; charset=utf-8`);
    assert.match(answer.text, /^(.+\n)*$/);
    return answer.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as object);
  };
  /** What the pages hold, one after the other. */
  const paged = async (path: string, limit: number) => {
    const found: object[] = [];
    for (let next: string | undefined = `${path}${path.includes('?') ? '&' : '?'}limit=${limit}`; next !== undefined;) {
      const answer: TypedResponse<object[]> = await site.get<object[]>(next);
      assert.equal(answer.status, 200, answer.text);
      found.push(...answer.body);
      next = /^<\/api\/v1([^>]+)>/.exec(answer.get('Link') ?? '')?.[1];
    }
    return found;
  };
  return { ...site, lines, paged };
}

describe('a list as application/x-ndjson', () => {
  const paged: readonly [path: string, rows: number][] = [
    ['/ip/allocations', 0],
    ['/ip/allocations?network=six', 3],
    ['/allocations', 7],
    ['/allocations?network=ten', 4],
    ['/allocations?vm_id_prefix=vm&cidr=10.0.0.0/8', 3],
    ['/allocations?vm_id=nobody', 0],
    ['/allocations?all=true', 13],
    ['/allocations?status=released&vm_id=vm-0', 4],
    ['/audit', 24],
    ['/audit?action=ip_released', 6],
  ];
  for (const [path, rows] of paged) {
    it(`is all that the pages of ${path} hold, in their order`, async () => {
      const site = await start();
      const lines = await site.lines(path);
      assert.equal(lines.length, rows);
      for (const limit of [1, 2, 7]) assert.deepEqual(await site.paged(path, limit), lines, `pages of ${limit}`);
    });
  }

  for (const path of ['/networks', '/networks/ten/reservations', '/history?ip=172.16.0.99', '/history?vm_id=vm-0']) {
    it(`holds what the array of ${path} holds`, async () => {
      const site = await start();
      const lines = await site.lines(path);
      assert.ok(lines.length >= 3);
      assert.deepEqual((await site.get<object[]>(path)).body, lines);
    });
  }

  it('has no page: limit bounds all of it, and it begins behind a cursor', async () => {
    const site = await start();
    for (const path of ['/allocations?all=true', '/audit', '/history?ip=172.16.0.99']) {
      const all = await site.lines(path);
      const and = path.includes('?') ? '&' : '?';
      for (const limit of [1, 2, all.length, 20_000, 999_999_999]) {
        assert.deepEqual(await site.lines(`${path}${and}limit=${limit}`), all.slice(0, limit));
      }
    }
    const link = (await site.get('/allocations?all=true&limit=9')).get('Link') ?? '';
    const cursor = /cursor=\w+/.exec(link)?.[0] ?? assert.fail(link);
    const all = await site.lines('/allocations?all=true');
    assert.deepEqual(await site.lines(`/allocations?all=true&${cursor}`), all.slice(9));
  });

  it('is more than the hundred that a page without a limit holds', async () => {
    const site = await start();
    for (let n = 0; n < 120; n++) await site.give({ network: 'six' });
    assert.equal((await site.get<object[]>('/audit')).body.length, 100);
    assert.equal((await site.lines('/audit')).length, 144);
  });

  const accepts: readonly [accept: string, lines: boolean][] = [
    [LINES, true],
    [`${LINES};q=0.9, application/json;q=0.8`, true],
    [`${LINES}, */*;q=0.1`, true],
    ['Application/X-NDJSON', true],
    [`${LINES};q=0.8, application/json;q=0.9`, false],
    [`${LINES}, application/json`, true],
    [`application/json, ${LINES}`, false],
    [`${LINES};q=0`, false],
    ['*/*', false],
    ['application/*', false],
    ['text/html', false],
  ];
  for (const [accept, isLines] of accepts) {
    it(`is ${isLines ? '' : 'not '}what Accept: ${accept} asks for`, async () => {
      const { api } = await start();
      for (const path of ['/networks', '/allocations?limit=2', '/allocations', '/audit']) {
        const answer = await api
          .get(V1 + path)
          .set('Accept', accept)
          .buffer();
        assert.equal(answer.get('Content-Type'), `${isLines ? LINES : 'application/json'}; charset=utf-8`, path);
        assert.equal(answer.get('Vary'), 'Accept', path);
      }
    });
  }

  it('is refused like any other list', async () => {
    const { api } = await start();
    const ask = (path: string) => api.get(V1 + path).set('Accept', LINES);
    assertError(await ask('/allocations?network=nowhere'), 404, 'network_not_found');
    assertError(await ask('/allocations?status=released&network=nowhere'), 404, 'network_not_found');
    assertError(await ask('/allocations?limit=0'), 400, 'invalid_request', 'limit');
    assertError(await ask('/audit?cursor=x'), 400, 'invalid_request', 'cursor');
    assertError(await ask('/history?ip=x'), 400, 'invalid_address', 'ip');
  });

  it('has a head alone for HEAD', async () => {
    const { api } = await start();
    const answer = await api.head(`${V1}/allocations`).set('Accept', LINES).expect(200);
    assert.equal(answer.get('Content-Type'), `${LINES}; charset=utf-8`);
  });

  it('is an array for HTTP/1.0, which could not tell it from one that was broken off', async (t) => {
    const { url } = await serve(t, (await start()).handler);
    const ask = call('GET', `${V1}/networks`, `Accept: ${LINES}\r\n`);
    const { headers, body } = await sendRaw(url, ask.replace('HTTP/1.1', 'HTTP/1.0'));
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal((JSON.parse(body) as object[]).length, 3);
    assert.equal((await sendRaw(url, ask)).headers.get('content-type'), `${LINES}; charset=utf-8`);
  });
});

async function serve(t: TestContext, handler: Parameters<typeof listen>[0]) {
  const server = await listen(handler, '127.0.0.1', 0);
  t.after(() => server.close());
  return server;
}

/** Far more than what stands between a server and a client that does not read. */
const MANY = 30_000;
const EVENT: PoolEvent = { type: 'ip_released', ip: '10.0.0.1', vm_id: 'x'.repeat(1000), ...ELSEWHERE };

/** A store with a long history that fails, or not, and tells how much of it was read and whether it was let go of. */
class LongStore extends MemoryStore implements MemoryStore {
  read = 0;
  isOpen = false;
  readonly #failsAt: number;

  constructor(failsAt = Number.POSITIVE_INFINITY) {
    super();
    this.#failsAt = failsAt;
  }

  override get history(): History {
    const search = async function* (this: LongStore): AsyncGenerator<Recorded> {
      this.isOpen = true;
      this.read = 0;
      try {
        while (this.read < MANY) {
          if (this.read === this.#failsAt) throw new Error('EIO: i/o error, read');
          yield await Promise.resolve({ id: String(MANY - this.read++), event: { ...EVENT, at: NOW } });
        }
      } finally {
        this.isOpen = false;
      }
    };
    return { search: () => search.call(this), after: () => super.history.after(''), isId: () => true };
  }
}

const LISTS = [
  ['application/json', '/allocations?all=true'],
  [LINES, '/allocations?all=true'],
  [LINES, '/audit'],
] as const;

describe('a list that fails in the middle', () => {
  for (const [accept, path] of LISTS) {
    it(`is broken off, so that nobody takes it for whole: ${path} as ${accept}`, async (t) => {
      const store = new LongStore(5000);
      const { handler, log } = await createTestApp({ store });
      const { url } = await serve(t, handler);
      const answer = await fetch(url + V1 + path, { headers: { Accept: accept } });
      assert.equal(answer.status, 200);
      await assert.rejects(answer.text(), TypeError);
      const raw = await sendRaw(url, call('GET', V1 + path, `Accept: ${accept}\r\n`));
      assert.ok(raw.text.length > 100_000);
      assert.ok(!raw.text.endsWith('\r\n0\r\n\r\n'), 'the last chunk says that it is the end');
      assert.equal(store.isOpen, false);
      assert.deepEqual(
        log.filter(({ level }) => level === 'error').map(({ facts }) => [facts.code, String(facts.err)]),
        Array.from({ length: 2 }, () => ['internal', 'Error: EIO: i/o error, read']),
      );
      assert.equal((await fetch(`${url}/livez`)).status, 200);
    });
  }

  it('is an error like any other when it fails at once', async () => {
    const { api } = await startSite({ store: new LongStore(0) });
    for (const [accept, path] of LISTS) assertError(await api.get(V1 + path).set('Accept', accept), 500, 'internal');
  });
});

describe('a reader of a list', () => {
  for (const [accept, path] of LISTS) {
    it(`that goes away ends it at once: ${path} as ${accept}`, async (t) => {
      const store = new LongStore();
      const { handler, log } = await createTestApp({ store });
      const { url } = await serve(t, handler);
      const reading = connect(Number(new URL(url).port), '127.0.0.1');
      reading.write(call('GET', V1 + path, `Accept: ${accept}\r\n`));
      await once(reading, 'data');
      assert.equal(store.isOpen, true);
      reading.destroy();
      const isOpen = () => store.isOpen;
      while (isOpen()) await new Promise(setImmediate);
      assert.ok(store.read < MANY, `${store.read} were read`);
      assert.deepEqual(
        log.filter(({ level }) => level === 'error'),
        [],
      );
    });
  }

  it('that stops reading stops it, and goes on where it was', async (t) => {
    const store = new LongStore();
    const { handler } = await createTestApp({ store });
    const { url } = await serve(t, handler);
    const answer = await fetch(`${url}${V1}/audit`, { headers: { Accept: LINES } });
    let before = -1;
    for (let still = 0; still < 20; still = store.read === before ? still + 1 : 0) {
      before = store.read;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(before < MANY / 2, `${before} were read`);
    assert.equal((await answer.text()).split('\n').length - 1, MANY);
  });

  it('keeps nobody else waiting, however fast it reads', async (t) => {
    const { handler } = await createTestApp({ store: new LongStore() });
    const { url } = await serve(t, handler);
    let others = 0;
    const state = { ended: false };
    const all = fetch(`${url}${V1}/audit`, { headers: { Accept: LINES } }).then((answer) => answer.text());
    void all.then(() => (state.ended = true));
    while (!state.ended) {
      assert.equal((await fetch(`${url}/livez`)).status, 200);
      others++;
    }
    assert.ok(others > 20, `${others} others were answered meanwhile`);
  });
});
