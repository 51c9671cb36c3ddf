import { allocate, call, type Row } from '../support/requests.ts';

// Must be refused. The server holds vm-1 with 172.16.0.2 and vm-2 with 172.16.0.3: whoever reads one of these leniently
// frees or gives an address.

const vm = (json: string) => allocate(`{"vm_id":${json}}`);
const host = (json: string) => allocate(`{"vm_id":"vm-9","hostname":${json}}`);

const DEEP = 30_000;

export const BODIES: readonly Row[] = [
  ['no body', call('POST', '/api/v1/ip/allocate'), 400, 'invalid_request', 'vm_id'],
  ['an empty body', allocate(''), 400, 'invalid_request', 'vm_id'],
  ['blanks', allocate(' \r\n\t '), 400, 'invalid_json', 'body'],
  ['an empty object', allocate('{}'), 400, 'invalid_request', 'vm_id'],
  ['an array', allocate('[{"vm_id":"vm-9"}]'), 400, 'invalid_request', 'body'],
  ['a string', allocate('"vm-9"'), 400, 'invalid_json', 'body'],
  ['null', allocate('null'), 400, 'invalid_json', 'body'],
  ['NaN', vm('NaN'), 400, 'invalid_json', 'body'],
  ['half an object', allocate('{"vm_id":"vm-9"'), 400, 'invalid_json', 'body'],
  ['something behind the object', allocate('{"vm_id":"vm-9"}{}'), 400, 'invalid_json', 'body'],
  ['a trailing comma', allocate('{"vm_id":"vm-9",}'), 400, 'invalid_json', 'body'],
  ['a comment', allocate('{"vm_id":"vm-9"/* */}'), 400, 'invalid_json', 'body'],
  ['single quotes', allocate("{'vm_id':'vm-9'}"), 400, 'invalid_json', 'body'],
  ['a form', allocate('vm_id=vm-9'), 400, 'invalid_json', 'body'],
  [
    'XML',
    allocate('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'),
    400,
    'invalid_json',
    'body',
  ],
  ['a member twice', allocate('{"vm_id":"vm-9","vm_id":"vm-8"}'), 400, 'invalid_json', 'body'],
  ['a member twice, once escaped', allocate('{"vm_id":"vm-9","vm\\u005fid":"vm-8"}'), 400, 'invalid_json', 'body'],
  ['__proto__ as a key', allocate('{"__proto__":{"vm_id":"vm-9"}}'), 400, 'invalid_json', 'body'],
  ['__proto__ as an escaped key', allocate('{"\\u005f_proto__":{"vm_id":"vm-9"}}'), 400, 'invalid_json', 'body'],
  ['constructor as a key', allocate('{"constructor":{"prototype":{"vm_id":"vm-9"}}}'), 400, 'invalid_request', 'vm_id'],
  ['invalid UTF-8', allocate(Buffer.from('{"vm_id":"vm-9","x":"\xff\xfe"}', 'latin1')), 400, 'invalid_json', 'body'],
  ['overlong UTF-8', allocate(Buffer.from('{"vm_id":"vm-9","x":"\xc0\xaf"}', 'latin1')), 400, 'invalid_json', 'body'],
  ['UTF-16', allocate(Buffer.from('{"vm_id":"vm-9"}', 'utf16le')), 400, 'invalid_json', 'body'],
  ['a raw control character in a string', vm('"vm-9\u0001"'), 400, 'invalid_json', 'body'],
  ['a raw line end in a string', vm('"vm-9\n"'), 400, 'invalid_json', 'body'],
  ['arrays in arrays', allocate('['.repeat(DEEP) + ']'.repeat(DEEP)), 400, 'invalid_request', 'body'],
  ['objects in objects', vm('{"a":'.repeat(DEEP / 3) + '1' + '}'.repeat(DEEP / 3)), 400, 'invalid_request', 'vm_id'],
  ['a lone surrogate', vm('"vm-\\ud800"'), 400, 'invalid_request', 'vm_id'],
  ['an escaped NUL', vm('"vm-9\\u0000"'), 400, 'invalid_request', 'vm_id'],
  ['a number for vm_id', vm('9'), 400, 'invalid_request', 'vm_id'],
  ['a number without end for vm_id', vm(`1${'0'.repeat(5000)}`), 400, 'invalid_request', 'vm_id'],
  ['1e999 for vm_id', vm('1e999'), 400, 'invalid_request', 'vm_id'],
  ['true for vm_id', vm('true'), 400, 'invalid_request', 'vm_id'],
  ['null for vm_id', vm('null'), 400, 'invalid_request', 'vm_id'],
  ['an array for vm_id', vm('["vm-9"]'), 400, 'invalid_request', 'vm_id'],
  ['an object for vm_id', vm('{"toString":"vm-9"}'), 400, 'invalid_request', 'vm_id'],
  ['an empty vm_id', vm('""'), 400, 'invalid_request', 'vm_id'],
  ['a vm_id of 60,000 characters', vm(`"${'a'.repeat(60_000)}"`), 400, 'invalid_request', 'vm_id'],
  ['a vm_id that is a path', vm('"../../etc/passwd"'), 400, 'invalid_request', 'vm_id'],
  ['a vm_id that is a shell command', vm('"$(reboot)"'), 400, 'invalid_request', 'vm_id'],
  ['a vm_id that ends in a line end', vm('"vm-9\\n"'), 400, 'invalid_request', 'vm_id'],
  ['a vm_id turned around', vm('"vm-\\u202e9"'), 400, 'invalid_request', 'vm_id'],
  ['vm_id in capitals', allocate('{"VM_ID":"vm-9"}'), 400, 'invalid_request', 'vm_id'],
  ['a number for hostname', host('7'), 400, 'invalid_request', 'hostname'],
  ['an array for hostname', host('["a"]'), 400, 'invalid_request', 'hostname'],
  ['an empty hostname', host('""'), 400, 'invalid_request', 'hostname'],
  ['a hostname of 60,000 characters', host(`"${'a.'.repeat(30_000)}a"`), 400, 'invalid_request', 'hostname'],
  ['a hostname that writes a second line', host('"a\\n10.0.0.1 evil"'), 400, 'invalid_request', 'hostname'],
  ['a hostname that is a script', host('"<script>"'), 400, 'invalid_request', 'hostname'],
];
