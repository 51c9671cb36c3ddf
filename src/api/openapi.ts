import type { TSchema } from 'typebox';
import {
  AllocateRequest,
  Allocation,
  AllocationList,
  ErrorBody,
  HealthReport,
  Liveness,
  Readiness,
  Released,
  Stats,
  VmId,
} from './schema.ts';

// The OpenAPI 3.1 document, made from the schemas that requests are checked with. Paths are relative to the root.

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description: string;
  readonly schema: TSchema | object;
}

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: TSchema;
  /** Schema of each answer that is no error. */
  readonly answers: Readonly<Record<number, TSchema | object>>;
  /** Statuses that come with {@link ErrorBody}. */
  readonly errors: readonly number[];
}

const vmId: Parameter = { name: 'vm_id', in: 'path', description: 'the VM', schema: VmId };
const ipParameter = (place: Parameter['in'], description: string): Parameter => ({
  name: 'ip',
  in: place,
  description,
  schema: { type: 'string', format: 'ipv4' },
});
const text = { type: 'string' };
/** What any change may meet: a foreign page, a service that is not ready, a full disk. */
const CHANGE = [403, 503, 507] as const;

const OPERATIONS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/api/v1/ip/allocate': {
    post: {
      summary: 'Give a VM an address; 200 when it holds one already, with the same address',
      body: AllocateRequest,
      answers: { 200: Allocation, 201: Allocation },
      errors: [400, 413, 415, ...CHANGE],
    },
  },
  '/api/v1/ip/release/{vm_id}': {
    delete: {
      summary: 'Take the address of a VM back',
      parameters: [vmId, ipParameter('query', 'release only if this is still the address of the VM')],
      answers: { 200: Released },
      errors: [400, 404, 409, ...CHANGE],
    },
  },
  '/api/v1/ip/release-by-ip/{ip}': {
    delete: {
      summary: 'Take an address back from whoever holds it',
      parameters: [ipParameter('path', 'the address')],
      answers: { 200: Released },
      errors: [400, 404, ...CHANGE],
    },
  },
  '/api/v1/ip/allocations': {
    get: {
      summary: 'All allocations in the order of their addresses; the next page is in the Link header',
      parameters: [
        {
          name: 'limit',
          in: 'query',
          description: 'page size',
          schema: { type: 'integer', minimum: 1, maximum: 10_000 },
        },
        { name: 'cursor', in: 'query', description: 'from the Link header of the page before', schema: text },
        { name: 'vm_id_prefix', in: 'query', description: 'only VMs whose id begins so', schema: text },
        ipParameter('query', 'only this address'),
      ],
      answers: { 200: AllocationList },
      errors: [400, 503],
    },
  },
  '/api/v1/ip/stats': {
    get: { summary: 'How full the pool is', answers: { 200: Stats }, errors: [503] },
  },
  '/api/v1/ip/{vm_id}': {
    get: {
      summary: 'The address of a VM',
      parameters: [vmId],
      answers: { 200: Allocation },
      errors: [400, 404, 503],
    },
  },
  '/api/v1/health': {
    get: { summary: 'Who is here', answers: { 200: HealthReport }, errors: [] },
  },
  '/api/v1/openapi.json': {
    get: { summary: 'This document', answers: { 200: { type: 'object' } }, errors: [] },
  },
  '/livez': {
    get: { summary: 'Whether the process runs', answers: { 200: Liveness }, errors: [] },
  },
  '/readyz': {
    get: { summary: 'Whether to send requests here', answers: { 200: Readiness, 503: Readiness }, errors: [] },
  },
  '/healthz': {
    get: { summary: 'The same as /readyz', answers: { 200: Readiness, 503: Readiness }, errors: [] },
  },
};

const MEANING: Readonly<Record<number, string>> = {
  200: 'done',
  201: 'a new address',
  400: 'the field that details.field names is wrong',
  403: 'a web page of another site, or a host name that is not ours',
  404: 'nobody holds that',
  409: 'the VM holds another address by now; nothing was released',
  413: 'the body is larger than 64 KiB',
  415: 'the body is not JSON',
  503: 'not now: the pool is exhausted, or the service is starting or stopping; see Retry-After',
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
  { summary, parameters = [], body, answers, errors }: Operation,
): object {
  const responses: Record<string, object> = {};
  for (const [status, schema] of Object.entries(answers)) responses[status] = response(Number(status), schema);
  for (const status of errors) responses[status] = response(status, { $ref: '#/components/schemas/Error' });
  return {
    operationId: `${method}${path.replaceAll(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    parameters: parameters.map((parameter) => ({ ...parameter, required: parameter.in === 'path' })),
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses,
  };
}

function response(status: number, schema: object): object {
  return { description: MEANING[status] ?? '', content: { 'application/json': { schema } } };
}
