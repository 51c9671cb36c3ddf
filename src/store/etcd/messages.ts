// What etcd and ippool say to each other; see proto.ts. 64-bit numbers arrive as text: ids and terms do not fit a number.

export interface Header {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: string;
  readonly raft_term: string;
}

export interface KeyValue {
  readonly key: string;
  readonly mod_revision: string;
  readonly value: string;
}

export interface RangeRequest {
  readonly key: string;
  /** The first key that is not meant any more; absent: `key` only. */
  readonly range_end?: string;
  readonly limit?: number;
  readonly revision?: number;
  readonly sort_order?: 'NONE' | 'ASCEND' | 'DESCEND';
  readonly sort_target?: 'KEY' | 'VERSION' | 'CREATE' | 'MOD' | 'VALUE';
  /** What this member has, which may be old. */
  readonly serializable?: boolean;
  readonly keys_only?: boolean;
  readonly count_only?: boolean;
  readonly min_mod_revision?: number;
  readonly max_mod_revision?: number;
}
export interface RangeResponse {
  readonly header: Header;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: string;
}

export interface PutRequest {
  readonly key: string;
  readonly value: string;
  readonly lease?: string;
}
export interface DeleteRangeRequest {
  readonly key: string;
  readonly range_end?: string;
}
export interface Written {
  readonly header: Header;
}
export interface DeleteRangeResponse extends Written {
  readonly deleted: string;
}

interface Comparison {
  readonly result: 'EQUAL' | 'GREATER' | 'LESS' | 'NOT_EQUAL';
  readonly key: string;
  /** Then it is asked of every key that there is from `key` to before this one: of none it is true. */
  readonly range_end?: string;
}
export type Compare =
  | (Comparison & { readonly target: 'VERSION'; readonly version: number })
  | (Comparison & { readonly target: 'CREATE'; readonly create_revision: number })
  | (Comparison & { readonly target: 'MOD'; readonly mod_revision: number })
  | (Comparison & { readonly target: 'VALUE'; readonly value: string });

export type RequestOp =
  | { readonly request_range: RangeRequest }
  | { readonly request_put: PutRequest }
  | { readonly request_delete_range: DeleteRangeRequest }
  | { readonly request_txn: TxnRequest };

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}
/** One of these is set; `header` only that of the outermost transaction. */
export interface ResponseOp {
  readonly response_range?: RangeResponse;
  readonly response_put?: Written;
  readonly response_delete_range?: DeleteRangeResponse;
  readonly response_txn?: TxnResponse;
}
export interface TxnResponse {
  readonly header: Header;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface CompactionRequest {
  readonly revision: number;
  readonly physical?: boolean;
}

export type WatchRequest =
  | {
      readonly create_request: {
        readonly key: string;
        readonly range_end?: string;
        readonly start_revision: number;
        readonly progress_notify?: boolean;
        readonly fragment?: boolean;
        readonly filters?: readonly ('NOPUT' | 'NODELETE')[];
      };
    }
  | { readonly progress_request: object };
export interface WatchEvent {
  readonly type: 'PUT' | 'DELETE';
  readonly kv: KeyValue;
}
export interface WatchResponse {
  readonly header: Header;
  readonly watch_id: string;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not "0": what the watch asked for is compacted up to here. */
  readonly compact_revision: string;
  readonly cancel_reason: string;
  /** More of the same revision follows. */
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
}

export interface LeaseGrantResponse {
  readonly header: Header;
  readonly ID: string;
  readonly TTL: string;
  readonly error: string;
}
export interface LeaseKeepAliveResponse {
  readonly header: Header;
  readonly ID: string;
  /** "0": the lease is gone. */
  readonly TTL: string;
}

export interface Member {
  readonly ID: string;
  /** Empty until it has started. */
  readonly name: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs: readonly string[];
  readonly isLearner: boolean;
}
export interface MembersResponse {
  readonly header: Header;
  readonly members: readonly Member[];
}
export interface MemberAddResponse extends MembersResponse {
  readonly member: Member;
}

export interface StatusResponse {
  readonly header: Header;
  readonly version: string;
  readonly dbSize: string;
  /** "0": none is known. */
  readonly leader: string;
  readonly raftIndex: string;
  readonly raftTerm: string;
  readonly raftAppliedIndex: string;
  readonly errors: readonly string[];
  readonly dbSizeInUse: string;
  readonly isLearner: boolean;
}
export type AlarmType = 'NONE' | 'NOSPACE' | 'CORRUPT';
export interface AlarmResponse {
  readonly header: Header;
  readonly alarms: readonly { readonly memberID: string; readonly alarm: AlarmType }[];
}
