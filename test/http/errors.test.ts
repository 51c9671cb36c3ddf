import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorBody } from '../../src/api/schema.ts';
import { startSite } from '../support/site.ts';

describe('an error says what is wrong and what to do', () => {
  const wrong: readonly [what: string, path: string, ...says: RegExp[]][] = [
    ['a list by what is no address', '/allocations?ip=172.16.0.999', /"172\.16\.0\.999" is no IP address/],
    ['a list of the sidecar by the same', '/ip/allocations?ip=x', /"x" is no IP address/, /10\.0\.0\.1/],
    ['a list by an address of another network', '/ip/allocations?ip=10.0.0.1', /10\.0\.0\.1 /, /172\.16\.0\.0\/24/],
    ['a history of what is no address', '/history?ip=bad', /"bad" is no IP address/],
    ['what has ended, of what is no address', '/allocations?all=true&ip=bad', /"bad" is no IP address/],
  ];
  for (const [what, path, ...says] of wrong) {
    it(what, async () => {
      const { api } = await startSite();
      const { error } = (await api.get(`/api/v1${path}`)).body as ErrorBody;
      for (const said of says) assert.match(error, said);
    });
  }

  it('a release by address, in the details: the text is that of the Rust ippool', async () => {
    const { remove } = await startSite();
    const reason = async (path: string) => ((await remove(path)).body as ErrorBody).details.reason as string;
    assert.match(await reason('/ip/release-by-ip/172.16.0.999'), /"172\.16\.0\.999" is no IP address/);
    assert.match(await reason('/ip/release-by-ip/10.9.0.1'), /10\.9\.0\.1 is in no network/);
    assert.match(await reason('/ip/release-by-ip/10.9.0.1?network=default'), /10\.9\.0\.1 is not in network default/);
  });
});
