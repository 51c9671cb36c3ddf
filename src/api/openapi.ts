import { CLUSTER_ENDPOINTS, NODE_ENDPOINTS } from './endpoints.ts';
import type { Operation, Operations } from './operations/operation.ts';
import { ErrorBody } from './schema.ts';

// The OpenAPI 3.1 document, made from the schemas that requests are checked with. Paths are relative to the root.

const OPERATIONS: Operations = { ...NODE_ENDPOINTS, ...CLUSTER_ENDPOINTS };

const MEANING: Readonly<Record<number, string>> = {
  200: 'done',
  201: 'made',
  204: 'done; there is nothing to say',
  400: 'the field that details.field names is wrong',
  403: 'a web page of another site, or a host name that is not ours',
  404: 'nobody holds that',
  409: 'it contradicts what is there; nothing was changed. The code says what, details with whom',
  405: 'not with this method; see Allow',
  413: 'the body is too large',
  415: 'the body is not JSON',
  503: 'not now: the pool is exhausted, or the service is starting or stopping; see Retry-After',
  500: 'a bug of ours: it is in the log under the request id',
  507: 'no room to write it down; nothing was changed; see Retry-After',
};

/** The document for a version of ippool. */
export function openApiDocument(version: string): object {
  const paths = Object.entries(OPERATIONS).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods).map(([method, operation]) => [method, describe(path, method, operation)]),
    ),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'ippool',
      version,
      description: 'Gives every VM its own IP address. Every answer carries X-Request-Id.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths: Object.fromEntries(paths) as object,
    components: { schemas: { Error: ErrorBody } },
  };
}

function describe(
  path: string,
  method: string,
  { summary, parameters = [], body, isBodyOptional = false, answers, lines, errors }: Operation,
): object {
  const responses: Record<string, object> = {};
  for (const [status, schema] of Object.entries(answers)) responses[status] = response(Number(status), schema, lines);
  for (const status of [...errors, 405, 500])
    responses[status] = response(status, { $ref: '#/components/schemas/Error' });
  return {
    operationId: `${method}${path.replaceAll(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    parameters: parameters.map((parameter) => ({ ...parameter, required: parameter.in === 'path' })),
    ...(body ? { requestBody: { required: !isBodyOptional, content: { 'application/json': { schema: body } } } } : {}),
    responses,
  };
}

/** @param lines schema of a line, where the same can be had an entry a line */
function response(status: number, schema: object | null, lines?: object): object {
  const headers = {
    'X-Request-Id': { description: 'yours, or a new one', schema: { type: 'string' } },
    ...HEADERS[status],
  };
  const described = { description: MEANING[status] ?? '', headers };
  if (schema === null) return described;
  const streamed = lines && {
    'application/x-ndjson': { schema: { ...lines, description: 'each line is one of these' } },
  };
  return { ...described, content: { 'application/json': { schema }, ...streamed } };
}

const text = { type: 'string' } as const;
const HEADERS: Readonly<Record<number, object>> = {
  200: { Link: { description: 'of a list with ?limit=: where the next page is (RFC 8288)', schema: text } },
  405: { Allow: { description: 'the methods that are possible', schema: text } },
  503: { 'Retry-After': { description: 'seconds', schema: text } },
  507: { 'Retry-After': { description: 'seconds', schema: text } },
};
