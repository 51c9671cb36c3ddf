import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex32 } from '../../src/net/hex.ts';

describe('net.hex32', () => {
  it('writes eight digits, whatever the number', () => {
    assert.equal(hex32(0), '00000000');
    assert.equal(hex32(0x0a_00_01_ff), '0a0001ff');
    assert.equal(hex32(2 ** 32 - 1), 'ffffffff');
    fc.assert(fc.property(fc.nat({ max: 2 ** 32 - 1 }), (value) => Number.parseInt(hex32(value), 16) === value));
  });
});
