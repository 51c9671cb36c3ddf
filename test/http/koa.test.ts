import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import Router from '@koa/router';
import type { Middleware } from 'koa';
import serve from 'koa-static';
import request, { type Response } from 'supertest';
import { PoolError } from '../../src/errors.ts';
import type { MountedApi } from '../../src/http/mount.ts';
import { assertError } from '../support/error-response.ts';
import { createTestApp } from '../support/app.ts';

/** The application with further middleware, as a Koa user adds it. */
async function start(add: readonly Middleware[], options: Parameters<typeof createTestApp>[0] = {}) {
  const { app, ...rest } = await createTestApp(options);
  for (const middleware of add) app.use(middleware);
  return { ...rest, api: request(app.callback()) };
}

function routesOf(fill: (router: Router) => void): Middleware[] {
  const router = new Router();
  fill(router);
  return [router.routes() as unknown as Middleware, router.allowedMethods() as unknown as Middleware];
}

describe('the Koa application, with koa-static', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippool-static-'));
  writeFileSync(join(folder, 'index.html'), '<h1>console</h1>');
  after(() => rmSync(folder, { recursive: true }));

  it('serves files, and our own routes beside them', async () => {
    const { api } = await start([serve(folder)]);
    await api.get('/').expect(200, '<h1>console</h1>').expect('Content-Type', 'text/html; charset=utf-8');
    await api.head('/index.html').expect(200).expect('Content-Length', '16');
    await api.get('/index.html').expect('X-Request-Id', /./).expect('Last-Modified', /GMT$/);
    await api.get('/api/v1/ip/stats').expect(200);
  });

  it('reports a file that does not exist in our error format', async () => {
    const { api } = await start([serve(folder)]);
    assertError(await api.get('/missing.html'), 404, 'route_not_found');
    assertError(await api.post('/index.html'), 404, 'route_not_found');
    for (const path of ['/%00', '/%']) assertError(await api.get(path), 400, 'invalid_request'); // thrown by koa-send
    assertError(await api.put('/api/v1/ip/stats'), 405, 'method_not_allowed');
  });
});

describe('the Koa application, with a router', () => {
  it('calls every handler of a route, in order', async () => {
    const { api } = await start(
      routesOf((router) => {
        router.get(
          '/two',
          async (ctx, next) => {
            ctx.state.order = ['first'];
            await next();
            (ctx.body as string[]).push('first again');
          },
          (ctx) => {
            ctx.body = [...(ctx.state.order as string[]), 'second'];
          },
        );
      }),
    );
    await api.get('/two').expect(200, ['first', 'second', 'first again']);
  });

  it('calls router.param before the handler', async () => {
    const { api } = await start(
      routesOf((router) => {
        router.param('user', (name, ctx, next) => {
          if (name === 'nobody') ctx.throw(404, 'no such user');
          ctx.state.user = name.toUpperCase();
          return next();
        });
        router.get('/users/:user', (ctx) => {
          ctx.body = { user: ctx.state.user as string, name: ctx.params.user };
        });
      }),
    );
    await api.get('/users/ann').expect(200, { user: 'ANN', name: 'ann' });
    assertError(await api.get('/users/nobody'), 404, 'route_not_found');
  });

  it('leaves 405 and OPTIONS of its routes to allowedMethods', async () => {
    const { api } = await start(
      routesOf((router) => {
        router.get('/things', (ctx) => {
          ctx.body = [];
        });
      }),
    );
    await api.options('/things').expect(200).expect('Allow', 'HEAD, GET');
    await api.put('/things').expect(405).expect('Allow', 'HEAD, GET');
  });
});

describe('the Koa application, with a middleware that sets ctx.body', () => {
  const respond = (set: Middleware) => start([set]);
  const bodies: [name: string, body: unknown, type: string, text: string, length: string | undefined][] = [
    ['a string', 'plain', 'text/plain; charset=utf-8', 'plain', '5'],
    ['HTML', '<p>hi', 'text/html; charset=utf-8', '<p>hi', '5'],
    ['a Buffer', Buffer.from('bytes'), 'application/octet-stream', 'bytes', '5'],
    ['a stream', null, 'application/octet-stream', 'streamed', undefined],
    ['an object', { a: 1 }, 'application/json; charset=utf-8', '{"a":1}', '7'],
  ];
  for (const [name, body, type, text, length] of bodies) {
    it(`sends ${name}`, async () => {
      const { api } = await respond((ctx) => {
        ctx.body = body ?? Readable.from(['str', 'eamed']);
      });
      const response = await api.get('/page').buffer().parse(textOf);
      assert.equal(response.status, 200);
      assert.equal(response.get('Content-Type'), type);
      assert.equal(response.get('Content-Length'), length);
      assert.equal(response.body, text);
    });
  }

  it('responds with 204 to null, with the status that is set, and with a redirect', async () => {
    const { api } = await respond((ctx) => {
      if (ctx.path === '/null') ctx.body = null;
      if (ctx.path === '/teapot') Object.assign(ctx, { status: 418, body: 'short and stout' });
      if (ctx.path === '/old') ctx.redirect('/new');
    });
    await api.get('/null').expect(204, '');
    await api.get('/teapot').expect(418, 'short and stout');
    await api.get('/old').expect(302).expect('Location', '/new');
  });

  it('reports what it throws: exposed errors with their status, all others as internal', async () => {
    const { api, log } = await respond((ctx) => {
      if (ctx.path === '/own') throw new PoolError('network_not_found', 'none');
      if (ctx.path === '/closed') ctx.throw(403, 'members only', { headers: { 'X-Reason': 'closed' } });
      throw new Error('secret');
    });
    assertError(await api.get('/own'), 404, 'network_not_found');
    const closed = await api.get('/closed').expect('X-Reason', 'closed');
    assertError(closed, 403, 'invalid_request');
    assert.equal(log.length, 0);
    assertError(await api.get('/broken'), 500, 'internal');
    assert.match(String(log[0]?.facts.err), /secret/);
  });

  it('breaks a stream off that fails, and logs why', async () => {
    const { api, log } = await respond((ctx) => {
      ctx.body = Readable.from(failing());
    });
    await assert.rejects(api.get('/stream').buffer().parse(textOf));
    assert.equal(log.length, 1);
    assert.match(String(log[0]?.facts.err), /disk/);
  });
});

describe('the Koa application, with an API that has an error format of its own', () => {
  const other: MountedApi = {
    prefix: '/Driver',
    errorHandler: async (ctx, next) => {
      try {
        await next();
        if (ctx.body === undefined) Object.assign(ctx, { status: 404, body: { Err: 'no such call' } });
      } catch (error) {
        Object.assign(ctx, { status: error instanceof PoolError ? 500 : 400, body: { Err: (error as Error).message } });
      }
    },
    routes: (ctx, next) => {
      if (ctx.path === '/Driver.fail') return next();
      if (ctx.path === '/Driver/fail') throw new Error('broken');
      if (ctx.path === '/Driver/plain') ctx.body = 'ok';
      if (ctx.path === '/Driver/bare') Object.assign(ctx, { status: 409, body: '' });
      return undefined;
    },
  };

  it('gets its own responses and its own errors', async () => {
    const { api } = await start([], { apis: [other] });
    await api.get('/Driver/plain').expect(200, 'ok').expect('X-Request-Id', /./);
    await api.get('/Driver/fail').expect(400, { Err: 'broken' });
    await api.get('/Driver/none').expect(404, { Err: 'no such call' });
    await api.get('/Driver/bare').expect(409, '');
  });

  it('is protected by our checks, in its format', async () => {
    const { api, health } = await start([], { apis: [other] });
    const refused = await api.post('/Driver/plain').set('Origin', 'http://evil.example').expect(500);
    assert.match((refused.body as { Err: string }).Err, /^Origin /);
    health.phase = 'loading';
    const early = await api.get('/Driver/plain').expect(500);
    assert.deepEqual(Object.keys(early.body as object), ['Err']);
  });

  it('leaves other paths to us', async () => {
    const { api } = await start([], { apis: [other] });
    assertError(await api.get('/Driver.fail'), 404, 'route_not_found');
    assertError(await api.get('/Drivers'), 404, 'route_not_found');
    await api.get('/livez').expect(200);
  });
});

/** Reads any body as text, whatever its type. */
function textOf(response: Response, done: (error: Error | null, body: unknown) => void): void {
  let text = '';
  const stream = response as unknown as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  stream.on('end', () => done(null, text));
}

async function* failing(): AsyncGenerator<string> {
  yield 'begun';
  await new Promise((resolve) => setImmediate(resolve));
  throw new Error('disk');
}
