import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import { BODY_LIMIT, BULK_BODY_LIMIT } from '../../src/api/limits.ts';
import { PoolError } from '../../src/errors.ts';
import { Cluster } from '../../src/service/cluster.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { assertError } from '../support/error-response.ts';
import { createTestApp } from '../support/app.ts';
import { FakeMembership, member } from '../support/fake-membership.ts';
import { ALONE, type Call, FULL, NAMES, RUNNING, STATE } from './calls.ts';
import { assertDescribed, assertLinesDescribed, type Document, documentOf, operationsOf } from './document.ts';

class FailingStore extends MemoryStore {
  readonly #error: Error;

  constructor(error: Error) {
    super();
    this.#error = error;
  }

  override commit(): Promise<void> {
    return Promise.reject(this.#error);
  }
}

async function start(store = new MemoryStore()) {
  const membership = new FakeMembership([member('1'), member('2')]);
  const cluster = new Cluster({ membership, node: '1', name: '100', ownsMembers: true });
  const app = await createTestApp({ cidr: '10.0.0.0/30', store, cluster });
  for (const event of STATE) app.pool.apply(event);
  return { ...app, api: request(app.handler) };
}

type Api = ReturnType<typeof request>;
type Method = 'get' | 'post' | 'patch' | 'delete';

/** @param where other names for the last parameters of the path, or a query */
function ask(api: Api, operation: string, where = '') {
  const [method = '', template = ''] = operation.split(' ');
  const parameters = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const names = where !== '' && !where.startsWith('?') ? where.split(' ') : [];
  const path = template.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => {
    const name = names[names.length - parameters.length + parameters.indexOf(parameter)];
    return name ?? NAMES[parameter] ?? '';
  });
  return api[method as Method](names.length === 0 ? path + where : path);
}

/** Makes calls, one after the other. Returns which statuses they had. */
async function made(document: Document, api: Api, calls: readonly Call[]): Promise<string[]> {
  const described = new Map(operationsOf(document).map(({ name, operation }) => [name, operation]));
  const given: string[] = [];
  for (const [name, status, where, body] of calls) {
    const what = `${name} ${status}`;
    const answer = await ask(api, name, where).send(body);
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    assertDescribed(document, described.get(name)?.responses[status], answer, what);
    given.push(what);
  }
  return given;
}

/** What operations answer alike, whatever they are about: how to provoke it of one. */
const ALIKE = {
  400: (api: Api, name: string) => ask(api, name).set('X-Actor', 'x'.repeat(129)),
  403: (api: Api, name: string) => ask(api, name).set('Origin', 'http://evil.example'),
  413: (api: Api, name: string) =>
    ask(api, name)
      .type('json')
      .send(' '.repeat((LARGE.has(name) ? BULK_BODY_LIMIT : BODY_LIMIT) + 1)),
  415: (api: Api, name: string) => ask(api, name).type('text').send('vm-1'),
};
const LARGE = new Set(['post /api/v1/allocations/bulk', 'post /api/v1/reconcile', 'post /api/v1/import']);

describe('every answer', () => {
  it('is one that the document describes, to the last member; and every answer it describes is given', async () => {
    const running = await start();
    const document = await documentOf(running.handler);
    const given = new Set(await made(document, running.api, RUNNING));
    const loading = await start();
    loading.health.phase = 'loading';
    const full = await start(new FailingStore(new PoolError('storage_full', 'no room')));
    for (const what of await made(document, full.api, FULL)) given.add(what);
    const alone = request((await createTestApp()).handler);
    for (const what of await made(document, alone, ALONE)) given.add(what);

    const operations = operationsOf(document);
    for (const { name, operation } of operations) {
      for (const [status, provoke] of Object.entries(ALIKE)) {
        if (!operation.responses[status]) continue;
        const answer = await provoke(running.api, name);
        assert.equal(answer.status, Number(status), `${name}: ${answer.text}`);
        assertDescribed(document, operation.responses[status], answer, `${name} ${status}`);
        given.add(`${name} ${status}`);
      }
      const early = await ask(loading.api, name);
      if (early.status < 400) continue;
      assert.equal(early.status, 503, `${name}: ${early.text}`);
      assertDescribed(document, operation.responses[503], early, `${name} 503`);
      given.add(`${name} 503`);
    }

    const all = operations.flatMap(({ name, operation }) =>
      Object.keys(operation.responses).map((status) => `${name} ${status}`),
    );
    // What the router and the entrance answer for all of them: see below.
    const own = all.filter((one) => !one.endsWith(' 405') && !one.endsWith(' 500'));
    assert.deepEqual([...given].sort(), own.sort());
  });

  it('that is a list, and no other, is described as lines too', async () => {
    const { handler, api } = await start();
    const document = await documentOf(handler);
    const made = /^post \/api\/v1\/(networks|allocations|ip\/allocate)$/;
    for (const [name, status, where, body] of RUNNING) {
      if (made.test(name) && status === 201) await ask(api, name, where).send(body);
    }
    for (const { name, method, operation } of operationsOf(document)) {
      const described = operation.responses[200];
      const isList = method === 'get' && described?.content?.['application/json']?.schema.items !== undefined;
      assert.equal('application/x-ndjson' in (described?.content ?? {}), isList, name);
      if (!isList) continue;
      const where = name.endsWith('/history') ? '?vm_id=vm-4' : '';
      const answer = await ask(api, name, where).set('Accept', 'application/x-ndjson').buffer();
      assert.equal(answer.get('Content-Type'), 'application/x-ndjson; charset=utf-8', name);
      assert.ok(assertLinesDescribed(document, described, answer).length > 0, name);
    }
  });

  it('to a method that a path does not have is 405, with those that it has', async () => {
    const { handler, api } = await start();
    const document = await documentOf(handler);
    for (const [path, methods] of Object.entries(document.paths)) {
      const [first = ''] = Object.keys(methods);
      const answer = await api.put(ask(api, `${first} ${path}`).url.replace(/^http:\/\/[^/]+/, ''));
      assertError(answer, 405, 'method_not_allowed');
      const has = Object.keys(methods).map((method) => method.toUpperCase());
      const allowed = (answer.get('Allow') ?? '').split(', ').filter((method) => method !== 'HEAD');
      assert.deepEqual(allowed.sort(), has.sort(), path);
      for (const { responses } of Object.values(methods))
        assertDescribed(document, responses[405], answer, `${path} 405`);
    }
  });

  it('to what meets a bug of ours is 500, without its text', async () => {
    const broken = await start(new FailingStore(new TypeError('cannot read x of undefined')));
    const document = await documentOf(broken.handler);
    for (const [name, , where, body] of FULL) {
      const answer = await ask(broken.api, name, where).send(body);
      assertError(answer, 500, 'internal');
      assert.ok(!answer.text.includes('undefined'));
      const [method = '', path = ''] = name.split(' ');
      assertDescribed(document, document.paths[path]?.[method]?.responses[500], answer, name);
    }
    assert.equal(broken.log.length, FULL.length);
  });
});
