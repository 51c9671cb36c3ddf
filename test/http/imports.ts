import assert from 'node:assert/strict';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import type { AuditEntry } from '../../src/api/history.ts';
import type { ImportResponse } from '../../src/api/imports.ts';
import type { Network } from '../../src/api/networks.ts';
import { assertError } from '../support/error-response.ts';
import { startHistorySite } from '../support/history-site.ts';

interface Rows {
  readonly networks?: readonly unknown[];
  readonly allocations?: readonly unknown[];
}

/** vm-1 holds 172.16.0.2, nobody by name 172.16.0.3. */
export async function startIntake() {
  const site = await startHistorySite();
  await site.give({ network: 'default', vm_id: 'vm-1', hostname: 'web-1' });
  await site.give({ network: 'default', mac: '52:54:00:00:00:03' });
  const take = (rows: Rows, query = '') => site.post<ImportResponse>(`/import${query}`, rows);
  const taken = async (rows: Rows, query = '') => {
    const answer = await take(rows, query);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.refused, []);
    const { networks, allocations, unchanged } = answer.body;
    return { networks, allocations, unchanged };
  };
  /** Which rows are refused, and why: the same in a dry run, after which nothing has changed either. */
  const refused = async (rows: Rows) => {
    const before = await state();
    const dry = (await take(rows, '?dry_run=true')).body;
    const answer = await take(rows);
    const details = assertError(answer, 409, 'import_refused');
    assert.deepEqual(rowsOf(details.refused as ImportResponse['refused']), rowsOf(dry.refused));
    assert.deepEqual([dry.dry_run, dry.networks, dry.allocations], [true, 0, 0]);
    assert.deepEqual(await state(), before);
    for (const { error } of dry.refused) assert.ok(error.length > 0);
    return rowsOf(dry.refused);
  };
  const state = async () => [
    (await site.get<Network[]>('/networks')).body,
    (await site.get<NetworkAllocation[]>('/allocations')).body,
    (await site.get<AuditEntry[]>('/audit')).body,
    await site.stats('default'),
  ];
  return { ...site, take, taken, refused, state };
}

/** Not the texts: they may name an id that a network would have had. */
const rowsOf = (refused: ImportResponse['refused']) =>
  refused.map(({ list, index, field, code }) => [list, index, field, code]);

export const at = (end: number, more: object = {}) => ({ ip: `172.16.0.${end}`, vm_id: `vm-${end}`, ...more });
