import { call, type Row, send } from '../support/requests.ts';

// Must be refused; see malformed.networks.ts for what the server holds. HELD stands for the id of the allocation.

export const HELD = '{held}';

const ask = (json: string, headers = '') => send('POST', '/api/v1/allocations', json, headers);
const vms = (json: string) => ask(`{"network":"vms",${json}}`);
const six = (json: string) => ask(`{"network":"six",${json}}`);
const bulk = (json: string) => send('POST', '/api/v1/allocations/bulk', json);
const change = (json: string) => send('PATCH', `/api/v1/allocations/${HELD}`, json);
const renew = (json: string) => send('POST', `/api/v1/allocations/${HELD}/renew`, json);
const list = (query: string) => call('GET', `/api/v1/allocations?${query}`);

/** A field of a request, values that it may not have, and the field that is named when it is not the same. */
const FIELDS: readonly (readonly [field: string, values: readonly string[]])[] = [
  ['vm_id', ['""', '"-a"', '7', '"allocate"', '"a b"']],
  ['nic', ['"-"', '"a/b"', `"${'a'.repeat(33)}"`, '7']],
  ['hostname', ['"-"', '"a_b"', '7']],
  ['mac', ['"x"', '"01:00:5e:00:00:01"', '"52:54:00:00:00"', '"52:54:00:00:00:00:00"', '"AUTO"', '7']],
  ['tags', ['"a"', '[""]', '["a b"]', '[7]']],
  ['description', ['"a\\u0000"', '7', '[]']],
  ['ip', ['7', '["10.1.0.9"]']],
  ['count', ['-1', '1.5', '"2"', '65537', '1e999']],
  ['ttl', ['-1', '1.5', '"60"', '315360001']],
  ['ttl_hours', ['0', '-1', '"1"', '87601']],
  ['prefix_length', ['-1', '129', '"64"', '64.5']],
  ['contiguous', ['"false"', '0']],
  ['networks', ['[]', '"vms"', '[7]', `[${'"vms",'.repeat(16)}"vms"]`]],
];

export const ALLOCATIONS: readonly Row[] = [
  ...FIELDS.flatMap(([field, values]) =>
    values.map((value): Row => [
      `${value.slice(0, 40)} for ${field}`,
      vms(`"${field}":${value}`),
      400,
      'invalid_request',
      field,
    ]),
  ),
  ['no network', ask('{"vm_id":"a"}'), 400, 'invalid_request', 'network'],
  ['an empty network', ask('{"network":"","vm_id":"a"}'), 400, 'invalid_request', 'network'],
  ['a network that is a number', ask('{"network":7}'), 400, 'invalid_request', 'network'],
  ['a network that every object has', ask('{"network":"constructor"}'), 404, 'network_not_found'],
  ['networks and a network', vms('"vm_id":"a","networks":["six"]'), 400, 'invalid_request', 'networks'],
  ['a NIC of no VM', vms('"nic":"eth0"'), 400, 'invalid_request', 'nic'],
  ['two lifetimes', vms('"vm_id":"a","ttl":60,"ttl_hours":1'), 400, 'invalid_request', 'ttl'],
  ['an address of nonsense', vms('"vm_id":"a","ip":"10.1.0.009"'), 400, 'invalid_address', 'ip'],
  ['an address elsewhere', vms('"vm_id":"a","ip":"10.2.0.9"'), 400, 'invalid_address', 'ip'],
  ['a range over the end', vms('"vm_id":"a","ip":"10.1.0.250","count":9'), 400, 'invalid_address', 'ip'],
  ['a range over what is held', vms('"vm_id":"a","ip":"10.1.0.70","count":9'), 409, 'address_taken', 'ip'],
  ['a range over what is reserved', vms('"vm_id":"a","ip":"10.1.0.85","count":9'), 409, 'address_reserved', 'ip'],
  ['a range larger than the network', vms('"vm_id":"a","count":1000'), 503, 'pool_exhausted'],
  ['a list with an address', vms('"count":2,"contiguous":false,"ip":"10.1.0.9"'), 400, 'invalid_request', 'contiguous'],
  ['a list of 10,001', six('"count":10001,"contiguous":false'), 400, 'invalid_request', 'count'],
  ['a prefix larger than the network', six('"vm_id":"a","prefix_length":55'), 400, 'invalid_request', 'prefix_length'],
  ['a prefix off its boundary', six('"vm_id":"a","prefix_length":64,"ip":"fd00:1::1"'), 400, 'invalid_address', 'ip'],
  [
    'a key of two words',
    ask('{"network":"vms"}', 'Idempotency-Key: a b\r\n'),
    400,
    'invalid_request',
    'Idempotency-Key',
  ],
  ['an empty key', ask('{"network":"vms"}', 'Idempotency-Key:\r\n'), 400, 'invalid_request', 'Idempotency-Key'],
  [
    'two keys',
    ask('{"network":"vms"}', 'Idempotency-Key: a\r\nIdempotency-Key: b\r\n'),
    400,
    'invalid_request',
    'Idempotency-Key',
  ],
  ['an actor of two lines', ask('{"network":"vms"}', 'X-Actor: a\tb\r\n'), 400, 'invalid_request', 'X-Actor'],
  ['a bulk of nothing', bulk('{"requests":[]}'), 400, 'invalid_request', 'requests'],
  ['a bulk without requests', bulk('{}'), 400, 'invalid_request', 'requests'],
  ['a bulk that is a list', bulk('[{"network":"vms"}]'), 400, 'invalid_request', 'body'],
  ['a bulk of words', bulk('{"requests":["vms"]}'), 400, 'invalid_request', 'requests[0]'],
  [
    'a bulk with one bad count',
    bulk('{"requests":[{"network":"vms"},{"network":"vms","count":-1}]}'),
    400,
    'invalid_request',
    'requests[1].count',
  ],
  [
    'a bulk that is maybe atomic',
    bulk('{"requests":[{"network":"vms"}],"atomic":"yes"}'),
    400,
    'invalid_request',
    'atomic',
  ],
  ['a change of a vm_id that is no object', change('[]'), 400, 'invalid_request', 'body'],
  ['a change to a bad hostname', change('{"hostname":"-"}'), 400, 'invalid_request', 'hostname'],
  ['a change to a bad MAC', change('{"mac":"ff:ff:ff:ff:ff:ff"}'), 400, 'invalid_request', 'mac'],
  ['a change to bad tags', change('{"tags":[null]}'), 400, 'invalid_request', 'tags'],
  ['a renewal of a bad time', renew('{"ttl":-5}'), 400, 'invalid_request', 'ttl'],
  ['a renewal by text', renew('{"ttl":"60"}'), 400, 'invalid_request', 'ttl'],
  ['a renewal by two times', renew('{"ttl":60,"ttl_hours":2}'), 400, 'invalid_request', 'ttl'],
  ['a renewal by a number', renew('60'), 400, 'invalid_json', 'body'],
  ['a release by GET', call('GET', `/api/v1/allocations/${HELD}/release`), 405, 'method_not_allowed'],
  ['a release by DELETE', call('DELETE', `/api/v1/allocations/${HELD}`), 405, 'method_not_allowed'],
  [
    'a release of an id in capitals',
    call('POST', '/api/v1/allocations/AC100002-X/release'),
    404,
    'allocation_not_found',
  ],
  ['a release that climbs', call('POST', `/api/v1/allocations/x/../${HELD}/release`), 404, 'route_not_found'],
  ['a list by two networks', list('network=vms&network=six'), 400, 'invalid_request', 'network'],
  ['a list by a bad CIDR', list('cidr=10.1.0.0%2F33'), 400, 'invalid_request', 'cidr'],
  ['a list by a bad MAC', list('mac=1'), 400, 'invalid_request', 'mac'],
  ['a list by a bad status', list('status=free'), 400, 'invalid_request', 'status'],
  ['a list by a bad address', list('ip=10.1.0.0/24'), 400, 'invalid_address', 'ip'],
];
