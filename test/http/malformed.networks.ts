import { call, type Row, send } from '../support/requests.ts';

// Must be refused. The server holds what malformed-networks.test.ts made: networks `default`, `vms` (10.1.0.0/24) and
// `six` (fd00:1::/56), with an allocation and a reservation in `vms`.

const add = (json: string) => send('POST', '/api/v1/networks', json);
const change = (json: string) => send('PATCH', '/api/v1/networks/vms', json);
const reserve = (json: string) => send('POST', '/api/v1/networks/vms/reservations', json);
const remove = (rest: string) => call('DELETE', `/api/v1/networks/${rest}`);
const long = (length: number) => `"${'a'.repeat(length)}"`;

const CIDRS = [
  ...['10.9.0.0', '10.9.0.0/', '10.9.0.0/33', '10.9.0.0/-1', '10.9.0.0/024', '10.9.0/24', '010.9.0.0/24'],
  ...['10.9.0.5/24', '0x0a.9.0.0/24', '10.9.0.0/24 ', ' 10.9.0.0/24', '10.9.0.0/24\\n', '10.9.0.0-10.9.0.9'],
  ...['fd00:9::/129', 'fd00:9::1/64', 'fd00:9::/64%eth0', '[fd00:9::]/64', 'fd00:9::10.9.0.0/x', ''],
];
/** Networks, but larger than any that is kept. */
const LARGE = ['0.0.0.0/0', '10.0.0.0/7', '::/0', 'fc00::/7', '2000::/15'];

export const NETWORKS: readonly Row[] = [
  ...CIDRS.map((cidr): Row => [`${cidr} for a network`, add(`{"cidr":"${cidr}"}`), 400, 'invalid_request', 'cidr']),
  ...LARGE.map((cidr): Row => [`${cidr} for a network`, add(`{"cidr":"${cidr}"}`), 400, 'usage', 'cidr']),
  ['no cidr', add('{"name":"x"}'), 400, 'invalid_request', 'cidr'],
  ['a number for cidr', add('{"cidr":10}'), 400, 'invalid_request', 'cidr'],
  ['null for cidr', add('{"cidr":null}'), 400, 'invalid_request', 'cidr'],
  ['a list of cidrs', add('{"cidr":["10.9.0.0/24"]}'), 400, 'invalid_request', 'cidr'],
  ['a list of networks', add('[{"cidr":"10.9.0.0/24"}]'), 400, 'invalid_request', 'body'],
  ['a cidr twice', add('{"cidr":"10.9.0.0/24","cidr":"10.8.0.0/24"}'), 400, 'invalid_json', 'body'],
  ['a gateway outside', add('{"cidr":"10.9.0.0/24","gateway":"10.8.0.1"}'), 400, 'usage', 'gateway'],
  ['a gateway that is broadcast', add('{"cidr":"10.9.0.0/24","gateway":"10.9.0.255"}'), 400, 'usage', 'gateway'],
  ['a gateway of the other family', add('{"cidr":"10.9.0.0/24","gateway":"fd00::1"}'), 400, 'usage', 'gateway'],
  ['an empty gateway', add('{"cidr":"10.9.0.0/24","gateway":""}'), 400, 'invalid_request', 'gateway'],
  ['an empty name', add('{"cidr":"10.9.0.0/24","name":""}'), 400, 'invalid_request', 'name'],
  ['a name that is a path', add('{"cidr":"10.9.0.0/24","name":"../x"}'), 400, 'invalid_request', 'name'],
  ['a name that is a CIDR', add('{"cidr":"10.9.0.0/24","name":"10.1.0.0/24"}'), 400, 'invalid_request', 'name'],
  ['a name of 65 characters', add(`{"cidr":"10.9.0.0/24","name":${long(65)}}`), 400, 'invalid_request', 'name'],
  ['a description of two lines', change('{"description":"a\\nb"}'), 400, 'invalid_request', 'description'],
  ['a description of 1025 characters', change(`{"description":${long(1025)}}`), 400, 'invalid_request', 'description'],
  [
    '33 tags',
    change(`{"tags":[${Array.from({ length: 33 }, (_, i) => `"t${i}"`).join()}]}`),
    400,
    'invalid_request',
    'tags',
  ],
  ['an empty tag', change('{"tags":[""]}'), 400, 'invalid_request', 'tags'],
  ['a text of tags', change('{"tags":"a,b"}'), 400, 'invalid_request', 'tags'],
  ['an unknown strategy', change('{"strategy":"best"}'), 400, 'invalid_request', 'strategy'],
  ['a strategy that every object has', change('{"strategy":"toString"}'), 400, 'invalid_request', 'strategy'],
  ['cooling below 0', change('{"cooldown_seconds":-1}'), 400, 'invalid_request', 'cooldown_seconds'],
  ['cooling of half a second', change('{"cooldown_seconds":0.5}'), 400, 'invalid_request', 'cooldown_seconds'],
  ['cooling for ever', change('{"cooldown_seconds":1e999}'), 400, 'invalid_request', 'cooldown_seconds'],
  ['sticky as text', change('{"sticky_seconds":"60"}'), 400, 'invalid_request', 'sticky_seconds'],
  ['an unknown policy', change('{"cooldown_policy":"newest"}'), 400, 'invalid_request', 'cooldown_policy'],
  ['drain as text', change('{"drain":"true"}'), 400, 'invalid_request', 'drain'],
  ['a range turned around', change('{"ranges":["10.1.0.9-10.1.0.2"]}'), 400, 'invalid_request', 'ranges'],
  ['a range outside', change('{"ranges":["10.2.0.1-10.2.0.9"]}'), 400, 'usage', 'ranges'],
  ['a range of two families', change('{"ranges":["10.1.0.1-fd00::1"]}'), 400, 'invalid_request', 'ranges'],
  ['an exclusion outside', change('{"excluded":["10.2.0.1"]}'), 400, 'usage', 'excluded'],
  ['an exclusion that is none', change('{"excluded":["x"]}'), 400, 'invalid_request', 'excluded'],
  [
    '1001 exclusions',
    change(`{"excluded":[${'"10.1.0.9",'.repeat(1000)}"10.1.0.9"]}`),
    400,
    'invalid_request',
    'excluded',
  ],
  ['another family', change('{"cidr":"fd00:9::/64"}'), 400, 'usage', 'cidr'],
  ['no object', change('"drain"'), 400, 'invalid_json', 'body'],
  ['the removal of all', remove(''), 405, 'method_not_allowed'],
  ['a removal by a wildcard', remove('*'), 404, 'network_not_found'],
  ['a removal by an unencoded CIDR', remove('10.1.0.0/24'), 404, 'route_not_found'],
  ['a removal by a doubly encoded CIDR', remove('10.1.0.0%252F24'), 404, 'network_not_found'],
  ['a removal by half a CIDR', remove('10.1.0.0%2F'), 404, 'network_not_found'],
  ['a removal by a broken percent sign', remove('vms%zz'), 404, 'network_not_found'],
  ['a removal of a VM with force', remove('vms?force=true'), 409, 'network_in_use'],
  ['a removal with force twice', remove('vms?force=true&force=true'), 400, 'invalid_request', 'force'],
  ['a removal with force as 2', remove('vms?force=2'), 400, 'invalid_request', 'force'],
  [
    'free_ranges of nonsense',
    call('GET', '/api/v1/networks/vms/stats?free_ranges=x'),
    400,
    'invalid_request',
    'free_ranges',
  ],
  ['a reservation of nothing', reserve('{"reason":"x"}'), 400, 'invalid_request', 'range'],
  ['a reservation without a reason', reserve('{"range":"10.1.0.9"}'), 400, 'invalid_request', 'reason'],
  ['a reservation of a word', reserve('{"range":"all","reason":"x"}'), 400, 'invalid_request', 'range'],
  ['a reservation outside', reserve('{"range":"10.2.0.9","reason":"x"}'), 400, 'invalid_address', 'range'],
  [
    'a reservation for a bad VM',
    reserve('{"range":"10.1.0.9","reason":"x","vm_id":"-"}'),
    400,
    'invalid_request',
    'vm_id',
  ],
  [
    'a reservation for a bad NIC',
    reserve('{"range":"10.1.0.9","reason":"x","vm_id":"a","nic":"/"}'),
    400,
    'invalid_request',
    'nic',
  ],
  [
    'a reservation until nonsense',
    reserve('{"range":"10.1.0.9","reason":"x","expires_at":"soon"}'),
    400,
    'invalid_request',
    'expires_at',
  ],
  [
    'a reservation until a 30th of February',
    reserve('{"range":"10.1.0.9","reason":"x","expires_at":"2099-02-32T00:00:00Z"}'),
    400,
    'invalid_request',
    'expires_at',
  ],
  [
    'a reservation until a number',
    reserve('{"range":"10.1.0.9","reason":"x","expires_at":4102444800}'),
    400,
    'invalid_request',
    'expires_at',
  ],
  ['the end of all reservations', call('DELETE', '/api/v1/networks/vms/reservations'), 405, 'method_not_allowed'],
  [
    'the end of a reservation of another',
    call('DELETE', '/api/v1/networks/vms/reservations/res-x'),
    404,
    'reservation_not_found',
  ],
];
