import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { formatAddress } from '../../src/net/address.ts';
import { formatCidr } from '../../src/net/cidr.ts';
import { formatRange } from '../../src/net/range.ts';
import { fileWith, refusal } from './scratch.ts';

describe('loadConfig', () => {
  it('finds the file by IPPOOL_CONFIG, unless --config names another', () => {
    const [one, two] = [fileWith({ port: 1 }), fileWith({ port: 2, '// port': 'a comment' })];
    assert.equal(loadConfig({}, undefined, { IPPOOL_CONFIG: one }).port, 1);
    assert.equal(loadConfig({}, two, { IPPOOL_CONFIG: one }).port, 2);
    assert.equal(loadConfig({}, undefined, { IPPOOL_CONFIG: '' }).port, 8080);
  });

  it('reads 172.16.0 as a /24, and every size from /8 to /30', () => {
    const network = (text: string) => loadConfig({ network: text }, undefined, {}).network;
    assert.deepEqual(network('172.16.0'), network('172.16.0.0/24'));
    for (let length = 8; length <= 30; length++) assert.equal(network(`10.0.0.0/${length}`)?.prefixLength, length);
  });

  it('reads IPv6 networks from /16 to /126, and gateways and exclusions of IPv6', () => {
    const { network, gateway, exclude } = loadConfig(
      { network: 'FD00:1::/64', gateway: 'fd00:1::0:fe', exclude: 'fd00:1::10-fd00:1::1f,fd00:1::100/120' },
      undefined,
      {},
    );
    assert.equal(network && formatCidr(network), 'fd00:1::/64');
    assert.equal(gateway && formatAddress(gateway.family, gateway.value), 'fd00:1::fe');
    assert.deepEqual(exclude?.map(formatRange), ['fd00:1::10-fd00:1::1f', 'fd00:1::100-fd00:1::1ff']);
    for (const length of [16, 64, 126]) {
      const { network } = loadConfig({ network: `fd00::/${length}` }, undefined, {});
      assert.deepEqual([network?.family, network?.prefixLength], [6, length]);
    }
  });

  it('names the right network when host bits are set', () => {
    assert.match(refusal({ network: '10.1.2.3/16' }).message, /10\.1\.0\.0\/16/);
    assert.match(refusal({ network: '172.16.0.1/30' }).message, /172\.16\.0\.0\/30/);
  });

  it('clears exclusions by none or by an empty list, never by an empty text', () => {
    assert.deepEqual(loadConfig({ exclude: 'none' }, undefined, {}).exclude, []);
    assert.deepEqual(loadConfig({}, fileWith({ exclude: [] }), {}).exclude, []);
    assert.equal(refusal({ exclude: '' }).details.field, '--exclude');
  });
});
