import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';

// The part of etcd's gRPC interface that ippool speaks: numbers and names of the wire format, which is a fact. Each line
// is `type name number`, as in a .proto; `+` before a type means repeated, `oneof` fields are marked with the name of theirs.
// Fields that nobody here asks for are left out: what is received in each event would have to be read each time. Keys and
// values are bytes to etcd, which look the same on the wire; all of ours are text.
// In a module rather than a .proto file, so that the compiled service needs nothing beside its code.

const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  EventType: { PUT: 0, DELETE: 1 },
  FilterType: { NOPUT: 0, NODELETE: 1 },
  SortOrder: { NONE: 0, ASCEND: 1, DESCEND: 2 },
  SortTarget: { KEY: 0, VERSION: 1, CREATE: 2, MOD: 3, VALUE: 4 },
  CompareResult: { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 },
  CompareTarget: { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3, LEASE: 4 },
  AlarmAction: { GET: 0, ACTIVATE: 1, DEACTIVATE: 2 },
  AlarmType: { NONE: 0, NOSPACE: 1, CORRUPT: 2 },
};

const MESSAGES: Readonly<Record<string, string>> = {
  ResponseHeader: 'uint64 cluster_id 1, uint64 member_id 2, int64 revision 3, uint64 raft_term 4',
  KeyValue: 'string key 1, int64 mod_revision 3, string value 5',
  Event: 'EventType type 1, KeyValue kv 2',

  RangeRequest: `string key 1, string range_end 2, int64 limit 3, int64 revision 4, SortOrder sort_order 5,
    SortTarget sort_target 6, bool serializable 7, bool keys_only 8, bool count_only 9, int64 min_mod_revision 10,
    int64 max_mod_revision 11`,
  RangeResponse: 'ResponseHeader header 1, +KeyValue kvs 2, bool more 3, int64 count 4',
  PutRequest: 'string key 1, string value 2, int64 lease 3',
  PutResponse: 'ResponseHeader header 1',
  DeleteRangeRequest: 'string key 1, string range_end 2',
  DeleteRangeResponse: 'ResponseHeader header 1, int64 deleted 2',
  Compare: `CompareResult result 1, CompareTarget target 2, string key 3, int64 version 4 target_union,
    int64 create_revision 5 target_union, int64 mod_revision 6 target_union, string value 7 target_union,
    string range_end 64`,
  RequestOp: `RangeRequest request_range 1 request, PutRequest request_put 2 request,
    DeleteRangeRequest request_delete_range 3 request, TxnRequest request_txn 4 request`,
  ResponseOp: `RangeResponse response_range 1 response, PutResponse response_put 2 response,
    DeleteRangeResponse response_delete_range 3 response, TxnResponse response_txn 4 response`,
  TxnRequest: '+Compare compare 1, +RequestOp success 2, +RequestOp failure 3',
  TxnResponse: 'ResponseHeader header 1, bool succeeded 2, +ResponseOp responses 3',
  CompactionRequest: 'int64 revision 1, bool physical 2',
  CompactionResponse: 'ResponseHeader header 1',

  WatchRequest: `WatchCreateRequest create_request 1 request_union, WatchCancelRequest cancel_request 2 request_union,
    WatchProgressRequest progress_request 3 request_union`,
  WatchCreateRequest: `string key 1, string range_end 2, int64 start_revision 3, bool progress_notify 4, +FilterType filters 5, int64 watch_id 7,
    bool fragment 8`,
  WatchCancelRequest: 'int64 watch_id 1',
  WatchProgressRequest: '',
  WatchResponse: `ResponseHeader header 1, int64 watch_id 2, bool created 3, bool canceled 4, int64 compact_revision 5,
    string cancel_reason 6, bool fragment 7, +Event events 11`,

  LeaseGrantRequest: 'int64 TTL 1, int64 ID 2',
  LeaseGrantResponse: 'ResponseHeader header 1, int64 ID 2, int64 TTL 3, string error 4',
  LeaseRevokeRequest: 'int64 ID 1',
  LeaseRevokeResponse: 'ResponseHeader header 1',
  LeaseKeepAliveRequest: 'int64 ID 1',
  LeaseKeepAliveResponse: 'ResponseHeader header 1, int64 ID 2, int64 TTL 3',

  Member: 'uint64 ID 1, string name 2, +string peerURLs 3, +string clientURLs 4, bool isLearner 5',
  MemberAddRequest: '+string peerURLs 1, bool isLearner 2',
  MemberAddResponse: 'ResponseHeader header 1, Member member 2, +Member members 3',
  MemberRemoveRequest: 'uint64 ID 1',
  MemberPromoteRequest: 'uint64 ID 1',
  MemberListRequest: 'bool linearizable 1',
  MembersResponse: 'ResponseHeader header 1, +Member members 2',

  StatusRequest: '',
  StatusResponse: `ResponseHeader header 1, string version 2, int64 dbSize 3, uint64 leader 4, uint64 raftIndex 5,
    uint64 raftTerm 6, uint64 raftAppliedIndex 7, +string errors 8, int64 dbSizeInUse 9, bool isLearner 10`,
  AlarmRequest: 'AlarmAction action 1, uint64 memberID 2, AlarmType alarm 3',
  AlarmMember: 'uint64 memberID 1, AlarmType alarm 2',
  AlarmResponse: 'ResponseHeader header 1, +AlarmMember alarms 2',
  DefragmentRequest: '',
  DefragmentResponse: 'ResponseHeader header 1',
};

/** `method request response`; with `stream` before it both ways are streams. */
const SERVICES: Readonly<Record<string, string>> = {
  KV: `Range RangeRequest RangeResponse, Put PutRequest PutResponse, DeleteRange DeleteRangeRequest DeleteRangeResponse,
    Txn TxnRequest TxnResponse, Compact CompactionRequest CompactionResponse`,
  Watch: 'stream Watch WatchRequest WatchResponse',
  Lease: `LeaseGrant LeaseGrantRequest LeaseGrantResponse, LeaseRevoke LeaseRevokeRequest LeaseRevokeResponse,
    stream LeaseKeepAlive LeaseKeepAliveRequest LeaseKeepAliveResponse`,
  Cluster: `MemberAdd MemberAddRequest MemberAddResponse, MemberRemove MemberRemoveRequest MembersResponse,
    MemberList MemberListRequest MembersResponse, MemberPromote MemberPromoteRequest MembersResponse`,
  Maintenance: `Status StatusRequest StatusResponse, Alarm AlarmRequest AlarmResponse,
    Defragment DefragmentRequest DefragmentResponse`,
};

const PACKAGE = 'etcdserverpb';

/** Every method under `etcdserverpb.<service>`. 64-bit numbers are read as text. */
export function definition(): PackageDefinition {
  const nested: Record<string, object> = {};
  for (const [name, values] of Object.entries(ENUMS)) nested[name] = { values };
  for (const [name, text] of Object.entries(MESSAGES)) nested[name] = messageOf(text);
  for (const [name, text] of Object.entries(SERVICES)) nested[name] = { methods: methodsOf(text) };
  const root = { nested: { [PACKAGE]: { nested } } };
  return fromJSON(root, { longs: String, enums: String, defaults: true, arrays: true, oneofs: false });
}

function messageOf(text: string): object {
  const fields: Record<string, object> = {};
  const oneofs: Record<string, { oneof: string[] }> = {};
  for (const [type = '', name = '', id, union] of words(text)) {
    const isRepeated = type.startsWith('+');
    fields[name] = { type: isRepeated ? type.slice(1) : type, id: Number(id), ...(isRepeated && { rule: 'repeated' }) };
    if (union !== undefined) (oneofs[union] ??= { oneof: [] }).oneof.push(name);
  }
  return { fields, oneofs };
}

function methodsOf(text: string): object {
  const methods: Record<string, object> = {};
  for (const parts of words(text)) {
    const isStream = parts[0] === 'stream';
    const [name = '', requestType, responseType] = isStream ? parts.slice(1) : parts;
    methods[name] = { requestType, responseType, requestStream: isStream, responseStream: isStream };
  }
  return methods;
}

function words(text: string): string[][] {
  const lines = text.split(',').map((line) => line.trim());
  return lines.filter((line) => line !== '').map((line) => line.split(' '));
}
