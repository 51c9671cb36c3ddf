import assert from 'node:assert/strict';
import { parseCidr } from '../../src/net/cidr.ts';
import { parseRange } from '../../src/net/range.ts';
import type { UseCases } from '../../src/service/use-cases.ts';
import { AllocationIds } from '../../src/service/allocation-id.ts';
import type { Targets } from '../http/scope-requests.ts';

/** Of the networks that {@link fill} makes, those that a limited scope sees. `net_past` is removed in the end. */
export const VISIBLE: ReadonlySet<string> = new Set(['default', 'net_past']);
/** Texts that only hidden networks have. */
export const HIDDEN = ['net_twin', 'net_hidden', 'net_gone', 'spy'] as const;

const HIDDEN_IDS: ReadonlySet<string> = new Set(HIDDEN);
const SETUP = { actor: 'setup', requestId: 's-1' };
const cidr = (text: string) => parseCidr(text) ?? assert.fail(text);
const range = (text: string) => parseRange(text) ?? assert.fail(text);

type Site = UseCases & { readonly pass: (ms: number) => void };

/**
 * Fills a site: `default` (10.1.0.0/24) and `net_past`, and, if wanted, networks that a limited scope must not see: a twin
 * of `default` in the VRF blue, another one in the VRF default, and one that is removed again, each with allocations,
 * reservations, MACs, leases, and a history. The clock advances in the same way without them.
 *
 * @returns what requests may name; empty of hidden ids without hidden networks
 */
export async function fill(site: Site, hasHidden: boolean): Promise<Targets> {
  const { networks, allocations: alloc, listing, history, pass } = site;
  const ids = new AllocationIds();
  const found: string[] = [];
  const reservations: string[] = [];
  const macs: string[] = [];
  const allocate = async (network: string, vm_id: string, more: object = {}, owner: object = {}) => {
    pass(1000);
    if (!VISIBLE.has(network) && !hasHidden) return;
    const made = await alloc.allocate(SETUP, {
      network,
      owner: { vm_id, nic: '', ...owner },
      attributes: { hostname: `host-${vm_id || 'none'}`, tags: ['t'], mac: 'auto' },
      ...more,
    });
    found.push(ids.of(made));
    macs.push(made.allocation.attributes.mac ?? assert.fail());
  };
  const release = async (network: string, vm_id: string) => {
    pass(1000);
    if (VISIBLE.has(network) || hasHidden) await alloc.release(SETUP, { network, owner: { vm_id, nic: '' } });
  };
  const add = async (id: string, text: string, more: object = {}) => {
    pass(1000);
    if (VISIBLE.has(id) || hasHidden) await networks.add(SETUP, { cidr: cidr(text), ...more }, id);
  };
  const reserve = async (network: string, text: string) => {
    pass(1000);
    if (!VISIBLE.has(network) && !hasHidden) return;
    const { reservation } = await networks.reserve(SETUP, network, {
      range: range(text),
      reason: 'kept',
      owner: undefined,
      expires_at: undefined,
    });
    reservations.push(reservation.id);
  };
  const remove = async (network: string) => {
    pass(1000);
    if (VISIBLE.has(network) || hasHidden) await networks.remove(SETUP, network, false);
  };

  await allocate('default', 'web', { ip: '10.1.0.9' });
  await reserve('default', '10.1.0.32-10.1.0.33');
  await add('net_past', '10.4.0.0/24');
  await allocate('net_past', 'old', { ip: '10.4.0.2' });
  await release('net_past', 'old');
  await remove('net_past');

  await add('net_twin', '10.1.0.0/24', { vrf: 'blue', name: 'vms' });
  await allocate('net_twin', 'web', { ip: '10.1.0.2' });
  await allocate('net_twin', 'spy-1', { ip: '10.1.0.9' });
  await allocate('net_twin', 'db', { ip: '10.1.0.3' });
  // The MAC that follows from 10.1.0.3 in the VRF default.
  await allocate('net_twin', 'spy-5', { ip: '10.1.0.4', attributes: { mac: '02:69:0a:01:00:03' } });
  await reserve('net_twin', '10.1.0.40-10.1.0.41');
  await add('net_hidden', '10.2.0.0/24', { name: 'secret' });
  await allocate('net_hidden', 'web', { ip: '10.2.0.2' });
  await allocate('net_hidden', 'spy-2', { ip: '10.2.0.9' });
  await release('net_hidden', 'spy-2');
  await allocate('net_hidden', '', { ip: '10.2.0.11' }, { key: 'key-1' });
  await reserve('net_hidden', '10.2.0.40-10.2.0.41');
  await allocate('net_hidden', 'spy-3', { ip: '10.2.0.10', ttl: 2 });
  await add('net_gone', '10.3.0.0/24', { name: 'gone' });
  await allocate('net_gone', 'spy-4', { ip: '10.3.0.2' });
  await release('net_gone', 'spy-4');
  await remove('net_gone');

  await allocate('default', 'db', { ip: '10.1.0.10' });
  await release('default', 'db');
  pass(10_000); // the lease of spy-3 has ended, which is not recorded yet

  const records: string[] = [];
  for await (const { id } of history.audit(SETUP, {})) records.push(id);
  assert.ok((await listing.get(SETUP, { network: 'default', owner: { vm_id: 'web', nic: '' } })).allocation);
  return {
    networks: [
      ...['default', 'net_past', 'net_twin', 'net_hidden', 'net_gone', 'net_none', 'vms', 'secret', 'gone'],
      ...['10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24', '10.4.0.0/24', '10.7.0.0/24'],
    ],
    addresses: [
      '10.1.0.2',
      '10.1.0.9',
      '10.1.0.10',
      '10.2.0.2',
      '10.2.0.9',
      '10.2.0.10',
      '10.3.0.2',
      '10.4.0.2',
      '10.7.0.2',
    ],
    vms: ['web', 'db', 'old', 'spy-1', 'spy-2', 'spy-3', 'spy-4', 'spy-5', 'nobody'],
    allocations: [...found, 'ac100002-1', 'blue.0a010002-1'],
    reservations: [...reservations, 'res_none'],
    macs: [...macs, '52:54:00:00:00:01'],
    records: [records[0] ?? assert.fail(), records[records.length - 1] ?? assert.fail()],
  };
}

/** How many leases of hidden networks were released because they ended. */
export async function hiddenExpiries({ history }: UseCases): Promise<number> {
  let count = 0;
  for await (const { event } of history.audit(SETUP, {})) if (isHidden(event) && isExpiry(event)) count++;
  return count;
}

const isHidden = (event: object) => 'network' in event && HIDDEN_IDS.has(String(event.network));
const isExpiry = (event: object) => 'reason' in event && event.reason === 'expired';

/** Everything in the hidden networks, as a caller without limits sees it; the end of a lease is not a change. */
export async function hiddenState({ networks, listing, history }: UseCases): Promise<unknown> {
  const state: unknown[] = [];
  for (const { id, settings, cidrText, reservations, updated_at } of await networks.list(SETUP)) {
    if (HIDDEN_IDS.has(id)) state.push({ id, settings, cidrText, updated_at, reservations: [...reservations.keys()] });
  }
  for await (const slice of listing.list(SETUP, {})) {
    for (const { network, allocation } of slice) {
      if (!VISIBLE.has(network.id))
        state.push([network.id, allocation.offset, allocation.vm_id, allocation.attributes]);
    }
  }
  for await (const { event } of history.audit(SETUP, {})) {
    if (isHidden(event) && !isExpiry(event)) state.push(event);
  }
  return state;
}
