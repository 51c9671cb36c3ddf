import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorBody } from '../../src/api/schema.ts';
import { STATUS } from '../../src/http/errors.ts';
import { tableRows } from '../support/page.ts';
import { startSite } from '../support/site.ts';

describe('an error says what is wrong and what to do', () => {
  const wrong: readonly [what: string, path: string, ...says: RegExp[]][] = [
    ['a list by what is no address', '/allocations?ip=172.16.0.999', /"172\.16\.0\.999" is not an IP address/],
    ['a list of the sidecar by the same', '/ip/allocations?ip=x', /"x" is not an IP address/, /10\.0\.0\.1/],
    ['a list by an address of another network', '/ip/allocations?ip=10.0.0.1', /10\.0\.0\.1 /, /172\.16\.0\.0\/24/],
    ['a history of what is no address', '/history?ip=bad', /"bad" is not an IP address/],
    ['a network that nobody knows', '/networks/nowhere', /nowhere: GET \/api\/v1\/networks .*ippool network list/],
    ['what has ended, of what is no address', '/allocations?all=true&ip=bad', /"bad" is not an IP address/],
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
    assert.match(await reason('/ip/release-by-ip/172.16.0.999'), /"172\.16\.0\.999" is not an IP address/);
    assert.match(await reason('/ip/release-by-ip/10.9.0.1'), /10\.9\.0\.1 is in no network/);
    assert.match(await reason('/ip/release-by-ip/10.9.0.1?network=default'), /10\.9\.0\.1 is not in network default/);
  });

  it('the network default that was removed', async () => {
    const { remove, get } = await startSite();
    assert.equal((await remove('/networks/default')).status, 204);
    assert.match((await get<ErrorBody>('/ip/stats')).body.error, /default: .*--network .*\?network=/);
  });

  it('a network that is not empty: how much it holds, and how it goes all the same, at both doors', async () => {
    const { add, give, patch, remove } = await startSite();
    const { id } = await add('10.9.0.0/24');
    await give({ network: id, vm_id: 'a' });
    const error = async (path: string) => ((await remove(path)).body as ErrorBody).error;
    assert.match(await error(`/networks/${id}`), /holds 1 allocation: .*"drain":true.*--drain.*force=true.*--force/);
    await give({ network: id, vm_id: 'b' });
    const forced = await error(`/networks/${id}?force=true`);
    assert.ok(forced.includes(`holds 2 allocations and is not drained`), forced);
    assert.ok(forced.includes(`ippool network update ${id} --drain`), forced);
    await patch(`/networks/${id}`, { drain: true });
    assert.equal((await remove(`/networks/${id}?force=true`)).status, 204);
  });

  it('an unsafe reconciliation, at both doors', async () => {
    const { post, give } = await startSite();
    const error = async (live: string[]) => (await post<ErrorBody>('/reconcile', { live })).body.error;
    await give({ network: 'default', vm_id: 'a' });
    for (const live of [[], ['b']]) assert.match(await error(live), /--force.*"force":true/);
  });

  it('an import, with as many rows as there are', async () => {
    const { post } = await startSite();
    const error = async (rows: object[]) => (await post<ErrorBody>('/import', { allocations: rows })).body.error;
    assert.match(await error([{ ip: '10.9.0.1' }]), /1 row is refused/);
    assert.match(await error([{ ip: '10.9.0.1' }, { ip: 'x' }]), /2 rows are refused/);
  });
});

describe('the table of errors in docs/api.md', () => {
  /** What keeps a process from starting: it has an exit code, and no request meets it. */
  const starts = ['data_corrupt', 'data_io', 'data_locked', 'data_mismatch', 'listen_failed', 'member_ended'];

  it('has every code that an answer may have, with its status, and no other', () => {
    const documented = new Map<string, string[]>();
    for (const [statuses = '', codes = ''] of tableRows('docs/api.md', 'status', 'code')) {
      for (const [, code = ''] of codes.matchAll(/`(\w+)`/g)) {
        documented.set(code, [...(documented.get(code) ?? []), ...(statuses.match(/\d{3}/g) ?? [])]);
      }
    }
    const sent = Object.entries(STATUS).filter(([code]) => !starts.includes(code));
    assert.deepEqual([...documented.keys()].sort(), sent.map(([code]) => code).sort());
    for (const [code, status] of sent) assert.ok(documented.get(code)?.includes(String(status)), code);
  });
});
