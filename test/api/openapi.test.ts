import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import request from 'supertest';
import { CLUSTER_ENDPOINTS, listEndpoints, NODE_ENDPOINTS } from '../../src/api/endpoints.ts';
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

  it('describes an endpoint for each handler, which the application serves', async () => {
    const cluster = new Cluster({ membership: new FakeMembership([]), node: '1', name: '1', ownsMembers: true });
    const { handler } = await createTestApp({ cluster });
    const endpoints = operationsOf(await documentOf(handler));
    const table = [...listEndpoints(NODE_ENDPOINTS), ...listEndpoints(CLUSTER_ENDPOINTS)];
    assert.deepEqual(
      endpoints.map(({ name }) => name),
      table.map(({ method, path }) => `${method} ${path}`),
    );
    for (const { method, path } of table) {
      const response = await request(handler).trace(path.replaceAll(/\{\w+\}/g, 'x'));
      assert.equal(response.status, 405, path);
      assert.ok(response.get('Allow')?.split(', ').includes(method.toUpperCase()), `${method} ${path}`);
    }
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
