import type { Static, TSchema } from 'typebox';
import { ALLOCATION_OPERATIONS } from './operations/allocations.ts';
import { CLUSTER_OPERATIONS } from './operations/cluster.ts';
import { HISTORY_OPERATIONS } from './operations/history.ts';
import { IP_OPERATIONS } from './operations/ip.ts';
import { NETWORK_OPERATIONS } from './operations/networks.ts';
import type { Operation, Operations } from './operations/operation.ts';
import { SERVICE_OPERATIONS } from './operations/service.ts';

// The one table of endpoints. The router, the validation of bodies and the OpenAPI document are made from it.

/** What a single node and a node of a cluster serve. */
export const NODE_ENDPOINTS = {
  ...IP_OPERATIONS,
  ...NETWORK_OPERATIONS,
  ...ALLOCATION_OPERATIONS,
  ...HISTORY_OPERATIONS,
  ...SERVICE_OPERATIONS,
} as const satisfies Operations;

/** What only a node of a cluster serves. */
export const CLUSTER_ENDPOINTS = CLUSTER_OPERATIONS;

/** Method and path of each operation of a table, such as `GET /api/v1/networks/{network}`. */
export type EndpointId<Table> = {
  [Path in keyof Table & string]: `${Uppercase<keyof Table[Path] & string>} ${Path}`;
}[keyof Table & string];

type OperationOf<Table, Id extends string> = Id extends `${infer Method} ${infer Path extends keyof Table & string}`
  ? Table[Path][Lowercase<Method> & keyof Table[Path]]
  : never;

/** The body that a handler gets: undefined where there is none, or where it may be absent. */
export type BodyOf<Table, Id extends string> =
  OperationOf<Table, Id> extends { readonly body: infer Schema extends TSchema }
    ? Static<Schema> | (OperationOf<Table, Id> extends { readonly isBodyOptional: true } ? undefined : never)
    : undefined;

export interface Endpoint {
  readonly id: string;
  /** Lower case. */
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The endpoints of a table, in its order. */
export function listEndpoints(table: Operations): Endpoint[] {
  return Object.entries(table).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: `${method.toUpperCase()} ${path}`,
      method,
      path,
      operation,
    })),
  );
}
