import { call, type Row } from '../support/requests.ts';

// Must be refused. The server holds vm-1 with 172.16.0.2 and vm-2 with 172.16.0.3: whoever reads one of these leniently
// frees or gives an address.

const release = (rest: string) => call('DELETE', `/api/v1/ip/release${rest}`);
const list = (query: string) => call('GET', `/api/v1/ip/allocations?${query}`);

export const PATHS: readonly Row[] = [
  ['a path that climbs out of the release', release('/../../../../etc/passwd'), 404, 'route_not_found'],
  ['a path that climbs from one VM to another', release('/x/../vm-1'), 404, 'route_not_found'],
  ['an encoded climb', release('/..%2fvm-1'), 400, 'invalid_request', 'vm_id'],
  ['an encoded slash in front', release('/%2Fvm-1'), 400, 'invalid_request', 'vm_id'],
  ['an encoded slash behind', release('/vm-1%2F'), 400, 'invalid_request', 'vm_id'],
  ['an encoded backslash', release('/vm-1%5C'), 400, 'invalid_request', 'vm_id'],
  ['a doubly encoded vm_id', release('/vm%252D1'), 400, 'invalid_request', 'vm_id'],
  ['an encoded NUL', release('/vm-1%00'), 400, 'invalid_request', 'vm_id'],
  ['encoded CR LF and a header', release('/vm-1%0d%0aX-Evil:%201'), 400, 'invalid_request', 'vm_id'],
  ['a broken percent sign', release('/vm-1%zz'), 400, 'invalid_request', 'vm_id'],
  ['half a percent escape', release('/vm-1%2'), 400, 'invalid_request', 'vm_id'],
  ['invalid UTF-8 behind percent signs', release('/vm-1%ff%fe'), 400, 'invalid_request', 'vm_id'],
  ['an overlong UTF-8 slash', release('/vm-1%c0%af'), 400, 'invalid_request', 'vm_id'],
  ['a lone surrogate behind percent signs', release('/vm-1%ed%a0%80'), 400, 'invalid_request', 'vm_id'],
  ['a look-alike letter', release('/%D1%96m-1'), 400, 'invalid_request', 'vm_id'],
  ['a full-width hyphen', release('/vm%EF%BC%8D1'), 400, 'invalid_request', 'vm_id'],
  ['a space', release('/vm-1%20'), 400, 'invalid_request', 'vm_id'],
  ['a plus for a space', release('/+vm-1'), 400, 'invalid_request', 'vm_id'],
  ['a wildcard', release('/*'), 400, 'invalid_request', 'vm_id'],
  ['a list of VMs', release('/vm-1,vm-2'), 400, 'invalid_request', 'vm_id'],
  ['__proto__ for a vm_id', release('/__proto__'), 400, 'invalid_request', 'vm_id'],
  ['constructor, which no VM is called', release('/constructor'), 404, 'allocation_not_found'],
  ['a route word for a vm_id', release('/allocations'), 400, 'invalid_request', 'vm_id'],
  ['a vm_id of 129 characters', release(`/${'a'.repeat(129)}`), 400, 'invalid_request', 'vm_id'],
  ['a vm_id of 7000 characters', release(`/${'a'.repeat(7000)}`), 400, 'invalid_request', 'vm_id'],
  ['no vm_id', release('/'), 405, 'method_not_allowed'],
  ['a doubled slash', call('DELETE', '//api/v1/ip/release/vm-1'), 404, 'route_not_found'],
  ['a doubled slash inside', release('//vm-1'), 404, 'route_not_found'],
  ['matrix parameters', release('/vm-1;a=b'), 400, 'invalid_request', 'vm_id'],
  ['the path in capitals', call('DELETE', '/API/V1/IP/RELEASE/vm-1'), 404, 'route_not_found'],
  ['an encoded letter of the route', call('DELETE', '/api/v1/ip/releas%65/vm-1'), 404, 'route_not_found'],
  ['raw UTF-8 in the path', Buffer.from(release('/vm-ü')), 400, 'invalid_request'],
  ['a control character in the path', release('/vm-1\x01'), 400, 'invalid_request'],
  ['a NUL in the path', release('/vm-1\0'), 400, 'invalid_request'],
  ['a target that is no URL', call('DELETE', 'http://[/api/v1/ip/release/vm-1'), 400, 'invalid_request', 'target'],
  ['a target without a slash', call('DELETE', 'api/v1/ip/release/vm-1'), 400, 'invalid_request'],
  ['a target of one star', call('DELETE', '*'), 404, 'route_not_found'],
  ['an unknown method', call('RELEASE', '/api/v1/ip/release/vm-1'), 400, 'invalid_request'],
  ['a method in small letters', call('delete', '/api/v1/ip/release/vm-1'), 400, 'invalid_request'],
  ['a method that is not for this route', call('PATCH', '/api/v1/ip/vm-1'), 405, 'method_not_allowed'],
  ['a tunnel', call('CONNECT', '10.0.0.1:22'), 405, 'method_not_allowed'],
];

const IPV4 = ['172.16.000.2', '172.16.0.02', '0xac100002', '172.16.2', '2886729730', '172.16.0.0x2', '0254.020.0.2'];
const IPV6 = ['::ffff:172.16.0.2', '[::1]', '::172.16.0.2', 'fe80::1%25eth0'];
const NEAR = [
  '172.16.0.2.',
  '.172.16.0.2',
  '172.16.0.2/32',
  '172.16.0.2:80',
  '172.16.0.256',
  '172.16.0.-2',
  '172.16.1.2',
];

export const ADDRESSES: readonly Row[] = [...IPV4, ...IPV6, ...NEAR, '%C2%B2', '172.16.0.%32%00', '172.16.0.2%0a'].map(
  (ip): Row => [
    `${ip} for an address`,
    release(`-by-ip/${encodeURIComponent(ip).replaceAll('%25', '%')}`),
    400,
    'invalid_address',
    'ip',
  ],
);

export const QUERIES: readonly Row[] = [
  ['an ip to release that is no address', release('/vm-1?ip=172.16.000.2'), 400, 'invalid_address', 'ip'],
  ['an ip to release that is empty', release('/vm-1?ip='), 400, 'invalid_address', 'ip'],
  ['an ip to release without a value', release('/vm-1?ip'), 400, 'invalid_address', 'ip'],
  ['an ip to release twice', release('/vm-1?ip=172.16.0.2&ip=172.16.0.2'), 400, 'invalid_request', 'ip'],
  ['an ip to release behind a thousand', release(`/vm-1?${'a&'.repeat(1500)}ip=172.16.0.9`), 409, 'address_mismatch'],
  ['an ip to release with a fragment', release('/vm-1?ip=172.16.0.9#172.16.0.2'), 409, 'address_mismatch'],
  ['a limit of 0', list('limit=0'), 400, 'invalid_request', 'limit'],
  ['a limit below 0', list('limit=-1'), 400, 'invalid_request', 'limit'],
  ['a limit of Infinity', list('limit=Infinity'), 400, 'invalid_request', 'limit'],
  ['a limit of many digits', list(`limit=${'9'.repeat(400)}`), 400, 'invalid_request', 'limit'],
  ['a limit in full-width digits', list('limit=%EF%BC%91'), 400, 'invalid_request', 'limit'],
  ['a limit twice', list('limit=1&limit=2'), 400, 'invalid_request', 'limit'],
  ['a cursor of nonsense', list('cursor=%F0%9F%92%A9'), 400, 'invalid_request', 'cursor'],
  ['a cursor that is not ours', list('cursor=eyJpZCI6MX0'), 400, 'invalid_request', 'cursor'],
  ['a cursor of another network', list('cursor=MTAuMC4wLjE'), 400, 'invalid_request', 'cursor'],
  ['a filter of no address', list('ip=172.16.0.2,172.16.0.3'), 400, 'invalid_address', 'ip'],
];
