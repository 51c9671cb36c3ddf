import type { Static } from 'typebox';
import * as Type from 'typebox';
import { BulkItem } from './allocations.ts';
import { NetworkRequest } from './networks.ts';

// What is taken in from elsewhere, all or none.

/** Allocations of one import, at most … */
export const IMPORT_LIMIT = 50_000;
/** … and networks: each is compared with all others. */
export const IMPORT_NETWORKS = 1000;

/** Rows are checked one by one, so that each that is wrong can be named. */
export const ImportBody = Type.Object(
  {
    networks: Type.Optional(
      Type.Array(Type.Unknown(), {
        maxItems: IMPORT_NETWORKS,
        description: `a list of at most ${IMPORT_NETWORKS} networks`,
      }),
    ),
    allocations: Type.Optional(
      Type.Array(Type.Unknown(), {
        maxItems: IMPORT_LIMIT,
        description: `a list of at most ${IMPORT_LIMIT} allocations`,
      }),
    ),
  },
  {
    description:
      'a JSON object such as {"networks":[{"cidr":"10.1.0.0/16"}],"allocations":[{"ip":"10.1.0.9","vm_id":"vm-9"}]}',
  },
);
export type ImportBody = Static<typeof ImportBody>;

export const NetworkRow = NetworkRequest;
export const AllocationRow = BulkItem;

export const ImportResponse = Type.Object({
  dry_run: Type.Boolean(),
  networks: Type.Integer({ description: 'that are new' }),
  allocations: Type.Integer({ description: 'that are new or changed' }),
  unchanged: Type.Integer(),
  refused: Type.Array(
    Type.Object({
      list: Type.Union([Type.Literal('networks'), Type.Literal('allocations')]),
      index: Type.Integer(),
      field: Type.String(),
      code: Type.String(),
      error: Type.String(),
    }),
    { description: 'when there are any, nothing is changed' },
  ),
});
export type ImportResponse = Static<typeof ImportResponse>;
