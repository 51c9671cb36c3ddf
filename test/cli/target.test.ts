import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { targetOf } from '../../src/cli/target.ts';
import { loadConfig } from '../../src/config/load.ts';

describe('targetOf', () => {
  const url = 'http://127.0.0.1:8080';
  const rows: readonly [flags: Record<string, string>, env: Record<string, string>, target: object][] = [
    [{}, {}, { server: url, db: undefined, actor: undefined }],
    [{}, { USER: 'ada' }, { server: url, db: undefined, actor: 'ada' }],
    [{}, { USER: 'Zoë' }, { server: url, db: undefined, actor: undefined }],
    [{ actor: 'bob' }, { USER: 'ada' }, { server: url, db: undefined, actor: 'bob' }],
    [{}, { IPPOOL_SERVER: 'host:1' }, { server: 'http://host:1', db: undefined, actor: undefined }],
    [{ server: 'https://b' }, { IPPOOL_SERVER: 'http://a' }, { server: 'https://b', db: undefined, actor: undefined }],
    [{ db: 'd' }, { IPPOOL_SERVER: url }, { server: url, db: 'd', actor: undefined }],
    [{}, { IPAM_DB_PATH: 'd' }, { server: url, db: 'd', actor: undefined }],
    [{ db: 'e' }, { IPAM_DB_PATH: 'd' }, { server: url, db: 'e', actor: undefined }],
    [{ server: url }, { IPAM_DB_PATH: 'd' }, { server: url, db: undefined, actor: undefined }],
    [{}, { IPAM_DB_PATH: 'd', IPPOOL_SERVER: url }, { server: url, db: undefined, actor: undefined }],
    [{}, { IPAM_DB_PATH: '', IPPOOL_SERVER: '' }, { server: url, db: undefined, actor: undefined }],
  ];
  for (const [flags, env, target] of rows) {
    it(`${JSON.stringify(flags)} with ${JSON.stringify(env)}`, () => assert.deepEqual(targetOf(flags, env), target));
  }
});

describe('loadConfig', () => {
  it("takes go-ipam's variables where ours are not set", () => {
    const env = { IPAM_DB_PATH: 'd', IPAM_HOST: '127.0.0.2', IPAM_PORT: '1' };
    const { data, host, port, unknownVariables } = loadConfig({}, undefined, env);
    assert.deepEqual([data, host, port, unknownVariables], ['d', '127.0.0.2', 1, []]);
    const ours = loadConfig({ port: '3' }, undefined, {
      ...env,
      IPPOOL_DATA: 'e',
      IPPOOL_PORT: '2',
      IPPOOL_SERVER: 'x',
    });
    assert.deepEqual([ours.data, ours.port, ours.unknownVariables], ['e', 3, []]);
  });
});
