import type { TSchema } from 'typebox';
import { Vrf } from '../networks.ts';

// What the OpenAPI document says of a door.

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly schema: TSchema | object;
}

export interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: TSchema;
  /** Bytes; 64 KiB unless set. */
  readonly bodyLimit?: number;
  readonly isBodyOptional?: boolean;
  /** Schema of each answer that is no error; null: without a body. */
  readonly answers: Readonly<Record<number, TSchema | object | null>>;
  /** Of a list: what each line of its application/x-ndjson is. */
  readonly lines?: TSchema;
  /** Statuses that come with an error body, beside 405 and 500. */
  readonly errors: readonly number[];
}

/** Path, method in lower case, operation. */
export type Operations = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

export const text = { type: 'string' } as const;

/** What any change may meet: a foreign page, a service that is not ready, a full disk. */
export const CHANGE = [403, 503, 507] as const;

export function query(name: string, description: string, schema: TSchema | object = text): Parameter {
  return { name, in: 'query', description, schema };
}

export function path(name: string, description: string, schema: TSchema | object = text): Parameter {
  return { name, in: 'path', description, schema };
}

export function header(name: string, description: string): Parameter {
  return { name, in: 'header', description, schema: text };
}

const LIMIT = { type: 'integer', minimum: 1, maximum: 999_999_999 } as const;

/** How many entries of a list are wanted. */
export const LIMIT_QUERY = query('limit', 'page size, at most 10,000; of application/x-ndjson: how many in all', LIMIT);

/** How a list is paged. */
export const PAGE: readonly Parameter[] = [
  LIMIT_QUERY,
  query('cursor', 'from the Link header of the page before: the list begins there'),
];

export const NETWORK_QUERY = query('network', 'the id, name or CIDR of a network; default: default');
export const VRF_QUERY = query('vrf', 'the VRF of the network or address; default: the only one that has it', Vrf);
export const ACTOR = header('X-Actor', 'who asks, for the history; default: anonymous');
