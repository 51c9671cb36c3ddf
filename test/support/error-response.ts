import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type { ErrorBody } from '../../src/api/schema.ts';

/** Asserts that a response is an error in the format of our own endpoints, and returns its details. */
export function assertError(
  answer: Omit<Response, 'body'> & { readonly body: unknown },
  status: number,
  code: string,
  field?: string,
): Record<string, unknown> {
  const body = answer.body as ErrorBody;
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.get('Content-Type'), 'application/json; charset=utf-8');
  assert.deepEqual(Object.keys(body), ['error', 'code', 'status', 'details', 'request_id']);
  assert.equal(body.code, code);
  assert.equal(body.status, status);
  assert.ok(body.error.length > 0);
  assert.equal(body.request_id, answer.get('X-Request-Id'));
  assert.equal(body.details.field, field);
  return body.details;
}
