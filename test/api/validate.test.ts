import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Type from 'typebox';
import { NodeRequest } from '../../src/api/cluster.ts';
import { AllocateRequest, ROUTE_WORDS, VM_ID_RULE, VmId } from '../../src/api/schema.ts';
import { checker } from '../../src/api/validate.ts';

describe('checker', () => {
  const check = checker(AllocateRequest);
  const problemOf = (value: unknown) => {
    const checked = check(value);
    return 'problem' in checked ? checked.problem : assert.fail('accepted');
  };

  it('returns what is right as it is, with members that it does not know', () => {
    for (const value of [{ vm_id: 'a' }, { vm_id: 'a', hostname: 'b' }, { vm_id: 'a', hostname: null, more: 1 }]) {
      assert.deepEqual(check(value), { value });
    }
  });

  it('names the field that is missing or wrong, and its rule', () => {
    assert.equal(problemOf({}).field, 'vm_id');
    assert.equal(problemOf({ vm_id: 7 }).field, 'vm_id');
    assert.equal(problemOf({ vm_id: 'a', hostname: '-' }).field, 'hostname');
    assert.ok(problemOf({}).message.includes(VM_ID_RULE));
    assert.match(problemOf({ vm_id: 'a', hostname: '-' }).message, /RFC 1123/);
  });

  it('names the first of several', () => {
    assert.equal(problemOf({ hostname: '-' }).field, 'vm_id');
    assert.equal(problemOf({ vm_id: '-', hostname: '-' }).field, 'vm_id');
  });

  it('names the body when that is no object', () => {
    for (const value of [undefined, null, 'a', 7, [], [{ vm_id: 'a' }]]) assert.equal(problemOf(value).field, 'body');
  });

  it('is not deceived by what every object inherits', () => {
    assert.equal(problemOf(JSON.parse('{"__proto__":{"vm_id":"a"}}')).field, 'vm_id');
    const odd = checker(Type.Object({ constructor: Type.String() }));
    assert.equal('problem' in odd({}), true);
  });
});

describe('the pattern of vm_id', () => {
  it('refuses the words of the routes and nothing that only begins with them', () => {
    const check = checker(VmId);
    for (const word of ROUTE_WORDS) {
      assert.equal('problem' in check(word), true);
      for (const other of [`${word}1`, `1${word}`, word.toUpperCase()]) assert.equal('value' in check(other), true);
    }
  });
});

describe('the address of a member', () => {
  it('has a port that there is', () => {
    const check = checker(NodeRequest);
    const isRight = (port: string) => 'value' in check({ node_id: 4, addr: `node4:${port}` });
    for (const port of ['1', '80', '5004', '9999', '10000', '59999', '60000', '65499', '65529', '65535']) {
      assert.equal(isRight(port), true, port);
    }
    for (const port of ['', '0', '080', '65536', '65540', '65600', '66000', '70000', '99999', '100000']) {
      assert.equal(isRight(port), false, port);
    }
  });
});
