import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { dir, fileWith, refusal, variableOf } from './scratch.ts';

const BAD: Readonly<Record<string, readonly unknown[]>> = {
  network: [
    ...[
      '',
      '10',
      '10.0.0.0',
      '172.16.256',
      '010.0.0',
      '0x0a.0.0',
      'fd00::/127',
      'fd00::/15',
      'fd00::1/64',
      'fd00::',
      '172.16.0.0/24 ',
      '10.0.0.0/024',
    ],
    ...['10.0.0.0/7', '10.0.0.0/31', '10.0.0.0/32', '1.2.3.4/24'],
  ],
  gateway: ['', '172.16.0', '172.16.0.01', ':::1', 'fe80::1%eth0', '0xac100001', true],
  socket: ['', 'x'.repeat(108), `/${'é'.repeat(54)}`, 'a\0b', true],
  port: ['', '-1', '65536', '80a', '8e3', '1.5', '0x50', ' 80', true],
  host: ['', 'a b', 'http://x', 'a/b', true],
  data: ['', 'a\0b', true],
  exclude: ['172.16.0.9-172.16.0.2', '172.16.0.5/24', '172.16.0.1,', 'x', '172.16.0.1-', '172.16.0.0/33', true],
  strategy: ['', 'Lowest', 'first', 'toString', true],
  'allow-host': ['', 'a b', 'http://x', 'a,,b', 'x:80', true],
  'compact-bytes': ['', '-1', '4MB', '1e6', true],
  'audit-retention': ['', '-1', '36501', '400d', '1.5', true],
  'etcd-prefix': ['', 'a', 'a/b/', '/a b/', '/ä/', '/a/ev/', '/ip', '/a/vm/b/', true],
  'node-id': ['', 'a/b', 'a b', 'ä', 'x'.repeat(65), true],
  memory: ['maybe', '2', ''],
  'require-existing': ['on!'],
  debug: ['verbose'],
};

describe('loadConfig refuses', () => {
  for (const [name, values] of Object.entries(BAD)) {
    it(`bad values of ${name}, naming where each was read`, () => {
      for (const value of values) {
        const error = refusal({ [name]: value as string | boolean });
        assert.equal(error.details.field, `--${name}`);
        assert.doesNotMatch(error.message, /\n/);
        if (typeof value !== 'string' || value === '' || value.includes('\0')) continue;
        const variable = variableOf(name);
        assert.equal(refusal({}, undefined, { [variable]: value }).details.field, variable);
      }
      const path = fileWith({ [name]: { nested: 1 } });
      assert.equal(refusal({}, path).details.field, `"${name}" in ${path}`);
    });
  }

  it('a single value that is given twice', () => {
    for (const name of ['network', 'data', 'host', 'strategy']) {
      const twice = ['a', 'b'] as unknown as string; // what the parser of flags makes of it
      assert.equal(refusal({ [name]: twice }).details.field, `--${name}`);
    }
    const lists = loadConfig({ exclude: ['172.16.0.5', '172.16.0.9'] as unknown as string }, undefined, {});
    assert.equal(lists.exclude?.length, 2);
  });

  it('a file that is missing, no JSON, no object, or holds an unknown key', () => {
    assert.match(refusal({}, join(dir, 'nowhere.json')).message, /nowhere\.json/);
    assert.match(refusal({}, fileWith('{"port": 1,\n')).message, /\.json/);
    for (const content of ['[]', 'null', '3', '"x"']) refusal({}, fileWith(content));
    assert.match(refusal({}, fileWith({ prot: 1 })).message, /"prot"/);
    assert.match(refusal({}, fileWith('{"__proto__": 1}')).message, /"__proto__"/);
    assert.equal(refusal({}, '').details.field, '--config');
  });
});
