import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Router from '@koa/router';
import { Validator } from '@seriousme/openapi-schema-validator';
import request, { type Response } from 'supertest';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { healthRoutes } from '../../src/http/routes/health.ts';
import { ipRoutes } from '../../src/http/routes/ip.ts';
import { openApiRoutes } from '../../src/http/routes/openapi.ts';
import { PoolError } from '../../src/pool/errors.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { createTestApp } from '../support/app.ts';

interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: TSchema & { readonly $ref?: string } }>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: TSchema }>> };
  readonly responses: Readonly<Record<string, Answer>>;
}
interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, TSchema>> };
}

async function documentOf(handler: Parameters<typeof request>[0]): Promise<Document> {
  const answer = await request(handler)
    .get('/api/v1/openapi.json')
    .expect(200)
    .expect('Content-Type', /^application\/json/);
  return answer.body as Document;
}

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

describe('GET /api/v1/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document of this version', async () => {
    const { handler } = await createTestApp();
    const document = await documentOf(handler);
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
    assert.equal(valid, true, JSON.stringify(errors, null, 1));
    assert.equal(validator.version, '3.1');
    assert.equal(document.info.version, '1.2.3');
  });

  it('holds every route there is, and no other', async () => {
    const { handler, allocations, health } = await createTestApp();
    const routers = [ipRoutes(allocations), healthRoutes(health, '1.2.3'), openApiRoutes('1.2.3')];
    for (const router of routers) assert.ok(router instanceof Router);
    const served = routers
      .flatMap(({ stack }) => stack)
      .flatMap(({ methods, path }) =>
        methods.map((method) => `${method} ${String(path).replaceAll(/:(\w+)/g, '{$1}')}`),
      )
      .filter((route) => !route.startsWith('HEAD ')); // comes with every GET
    const described = operationsOf(await documentOf(handler)).map(
      ({ method, path }) => `${method.toUpperCase()} ${path}`,
    );
    assert.deepEqual(described.sort(), served.sort());
  });

  it('names each operation once, and every parameter of its path', async () => {
    const { handler } = await createTestApp();
    const operations = operationsOf(await documentOf(handler));
    const names = operations.map(({ operation }) => operation.operationId);
    assert.equal(new Set(names).size, names.length);
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const named = (operation.parameters ?? []).filter(({ in: place }) => place === 'path');
      assert.deepEqual(
        named.map(({ name }) => name),
        inPath,
      );
      for (const { required } of named) assert.equal(required, true);
      for (const { description } of Object.values(operation.responses)) assert.ok(description.length > 0);
    }
  });
});

class FullStore extends MemoryStore {
  override commit(): Promise<void> {
    return Promise.reject(new PoolError('storage_full', 'no room'));
  }
}

type Api = ReturnType<typeof request>;
type Call = readonly [operation: string, status: number, send: (api: Api) => Promise<Response>];

const IP = '/api/v1/ip';
const allocate = (body: object) => async (api: Api) => api.post(`${IP}/allocate`).send(body);
const get = (path: string) => async (api: Api) => api.get(path);
const del = (path: string) => async (api: Api) => api.delete(`${IP}/${path}`);

/** A call for every status of every operation that a running service answers; vm-1 holds 10.0.0.2, the only address. */
const CALLS: readonly Call[] = [
  ['post /api/v1/ip/allocate', 200, allocate({ vm_id: 'vm-1', hostname: 'web-1' })],
  ['post /api/v1/ip/allocate', 400, allocate({ vm_id: '' })],
  ['post /api/v1/ip/allocate', 403, async (api) => api.post(`${IP}/allocate`).set('Origin', 'http://evil.example')],
  ['post /api/v1/ip/allocate', 413, allocate({ vm_id: 'x'.repeat(70_000) })],
  ['post /api/v1/ip/allocate', 415, async (api) => api.post(`${IP}/allocate`).type('text').send('vm-1')],
  ['post /api/v1/ip/allocate', 503, allocate({ vm_id: 'vm-2' })],
  ['get /api/v1/ip/{vm_id}', 200, get(`${IP}/vm-1`)],
  ['get /api/v1/ip/{vm_id}', 400, get(`${IP}/-`)],
  ['get /api/v1/ip/{vm_id}', 404, get(`${IP}/vm-2`)],
  ['get /api/v1/ip/allocations', 200, get(`${IP}/allocations`)],
  ['get /api/v1/ip/allocations', 200, get(`${IP}/allocations?limit=1`)],
  ['get /api/v1/ip/allocations', 400, get(`${IP}/allocations?limit=x`)],
  ['get /api/v1/ip/stats', 200, get(`${IP}/stats`)],
  ['get /api/v1/health', 200, get('/api/v1/health')],
  ['get /api/v1/openapi.json', 200, get('/api/v1/openapi.json')],
  ['get /livez', 200, get('/livez')],
  ['get /readyz', 200, get('/readyz')],
  ['get /healthz', 200, get('/healthz')],
  ['delete /api/v1/ip/release/{vm_id}', 400, del('release/-')],
  ['delete /api/v1/ip/release/{vm_id}', 403, async (api) => api.delete(`${IP}/release/vm-1`).set('Origin', 'null')],
  ['delete /api/v1/ip/release/{vm_id}', 404, del('release/vm-2')],
  ['delete /api/v1/ip/release/{vm_id}', 409, del('release/vm-1?ip=10.0.0.9')],
  ['delete /api/v1/ip/release/{vm_id}', 200, del('release/vm-1')],
  ['post /api/v1/ip/allocate', 201, allocate({ vm_id: 'vm-1' })],
  ['delete /api/v1/ip/release-by-ip/{ip}', 400, del('release-by-ip/x')],
  [
    'delete /api/v1/ip/release-by-ip/{ip}',
    403,
    async (api) => api.delete(`${IP}/release-by-ip/x`).set('Origin', 'null'),
  ],
  ['delete /api/v1/ip/release-by-ip/{ip}', 404, del('release-by-ip/10.0.0.1')],
  ['delete /api/v1/ip/release-by-ip/{ip}', 200, del('release-by-ip/10.0.0.2')],
];

/** What needs a service in another state: one that loads, and one whose disk is full while vm-1 holds an address. */
const LOADING: readonly Call[] = [
  ['delete /api/v1/ip/release/{vm_id}', 503, del('release/vm-1')],
  ['delete /api/v1/ip/release-by-ip/{ip}', 503, del('release-by-ip/10.0.0.2')],
  ['get /api/v1/ip/{vm_id}', 503, get(`${IP}/vm-1`)],
  ['get /api/v1/ip/allocations', 503, get(`${IP}/allocations`)],
  ['get /api/v1/ip/stats', 503, get(`${IP}/stats`)],
  ['get /readyz', 503, get('/readyz')],
  ['get /healthz', 503, get('/healthz')],
];
const FULL: readonly Call[] = [
  ['post /api/v1/ip/allocate', 507, allocate({ vm_id: 'vm-1', hostname: 'other' })],
  ['delete /api/v1/ip/release/{vm_id}', 507, del('release/vm-1')],
  ['delete /api/v1/ip/release-by-ip/{ip}', 507, del('release-by-ip/10.0.0.2')],
];

describe('every answer', () => {
  it('is one that the document describes, to the last member; and every answer it describes is given', async () => {
    const running = await createTestApp({ cidr: '10.0.0.0/30' });
    const loading = await createTestApp();
    loading.health.phase = 'loading';
    const full = await createTestApp({ cidr: '10.0.0.0/30', store: new FullStore() });
    const holds = { network: 'default', ip: '10.0.0.2', vm_id: 'vm-1', nic: '', at: 0, actor: '', request_id: '' };
    for (const { pool } of [running, full]) pool.apply({ type: 'ip_allocated', ...holds });

    const document = await documentOf(running.handler);
    const described = new Map(operationsOf(document).map((one) => [`${one.method} ${one.path}`, one.operation]));
    const given = new Set<string>();
    const stages = [
      [running, CALLS],
      [loading, LOADING],
      [full, FULL],
    ] as const;
    for (const [{ handler }, calls] of stages) {
      for (const [name, status, send] of calls) {
        const answer = await send(request(handler));
        assert.equal(answer.status, status, `${name}: ${answer.text}`);
        assertDescribed(document, described.get(name)?.responses[status], answer, `${name} ${status}`);
        given.add(`${name} ${status}`);
      }
    }
    const all = [...described].flatMap(([name, { responses }]) =>
      Object.keys(responses).map((status) => `${name} ${status}`),
    );
    assert.deepEqual([...given].sort(), all.filter((one) => !one.endsWith(' default')).sort());
  });
});

function assertDescribed(document: Document, answer: Answer | undefined, { body }: Response, what: string): void {
  const named = answer?.content?.['application/json']?.schema;
  assert.ok(named, `${what} is not described`);
  const schema = named.$ref === undefined ? named : document.components.schemas[named.$ref.split('/').at(-1) ?? ''];
  assert.ok(schema, `${what} refers to nothing`);
  const compiled = Compile(schema);
  assert.equal(compiled.Check(body), true, `${what}: ${JSON.stringify(compiled.Errors(body))} ${JSON.stringify(body)}`);
  const { properties } = schema as { properties?: object };
  if (properties)
    assert.deepEqual(
      Object.keys(body as object).filter((key) => !(key in properties)),
      [],
      what,
    );
}
