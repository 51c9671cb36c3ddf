import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Router from '@koa/router';
import { Validator } from '@seriousme/openapi-schema-validator';
import { allocationRoutes } from '../../src/http/routes/allocations.ts';
import { clusterRoutes } from '../../src/http/routes/cluster.ts';
import { healthRoutes } from '../../src/http/routes/health.ts';
import { historyRoutes } from '../../src/http/routes/history.ts';
import { importRoutes } from '../../src/http/routes/imports.ts';
import { ipRoutes } from '../../src/http/routes/ip.ts';
import { networkRoutes } from '../../src/http/routes/networks.ts';
import { openApiRoutes } from '../../src/http/routes/openapi.ts';
import { Cluster } from '../../src/service/cluster.ts';
import { FakeMembership } from '../support/fake-membership.ts';
import { createTestApp } from '../support/app.ts';
import { documentOf, operationsOf } from './document.ts';

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
    const { handler, health, ...useCases } = await createTestApp();
    const routers = [
      ipRoutes(useCases),
      networkRoutes(useCases),
      allocationRoutes(useCases),
      historyRoutes(useCases),
      importRoutes(useCases),
      healthRoutes(health, '1.2.3'),
      openApiRoutes('1.2.3'),
      clusterRoutes(new Cluster({ membership: new FakeMembership([]), node: '1', name: '1', ownsMembers: true })),
    ];
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
      const named = operation.parameters.filter(({ in: place }) => place === 'path');
      assert.deepEqual(
        named.map(({ name }) => name),
        inPath,
      );
      for (const { required } of named) assert.equal(required, true);
      for (const { description } of Object.values(operation.responses)) assert.ok(description.length > 0);
    }
  });
});
