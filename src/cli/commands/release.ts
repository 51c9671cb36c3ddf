import { BlockList, isIPv6 } from 'node:net';
import type { Client } from '../../client/client.ts';
import { spanOf } from '../allocation.ts';
import { type Command, NETWORK_FLAGS, VRF_FLAG } from '../command.ts';
import { missing, refused } from '../input.ts';
import { PoolError } from '../../errors.ts';

export const release: Command = {
  words: 'release',
  operand: '[ip]',
  help: 'Release an address, a range or a prefix: by its first address, its id, or its VM',
  flags: [
    ...NETWORK_FLAGS,
    VRF_FLAG,
    { name: 'vm', kind: 'text', help: 'What this VM holds, in --network or everywhere' },
    { name: 'nic', kind: 'text', help: 'With --vm: only this NIC' },
  ],
  examples: ['release 192.168.1.1', 'release --vm vm-4711'],
  run: async ({ input, out, client }) => {
    const { operand } = input;
    const [vm_id, nic] = [input.text('vm'), input.text('nic')];
    const where = { network: input.text('network'), vrf: input.text('vrf') };
    if (operand !== undefined && vm_id !== undefined) throw refused('vm', 'and an address are two ways to say what');
    if (nic !== undefined && vm_id === undefined) throw refused('nic', 'goes with --vm');
    const service = await client();
    if (vm_id !== undefined) {
      const released = await releaseVm(service, where, vm_id, nic);
      await out.value({ released }, released.map((what) => `IP ${what} released successfully.`).join('\n'));
      return 0;
    }
    if (operand === undefined) throw missing('the address', 'release 192.168.1.1');
    const id = isAddress(operand) ? await idAt(service, where, operand) : operand;
    await service.allocations.release(id);
    await out.value({ released: [operand] }, `IP ${operand} released successfully.`);
    return 0;
  },
};

/** What the search for an allocation is limited to. */
interface Where {
  readonly network: string | undefined;
  readonly vrf: string | undefined;
}

/** An id of a VRF contains a dot too, as in `blue.0a000001-mi8zb3k1`; only an id has a hyphen. */
function isAddress(text: string): boolean {
  return /[.:]/.test(text) && !text.includes('-');
}

/** A range is released as a whole: by its first address, so that nobody takes it for one of its addresses. */
async function idAt(client: Client, where: Where, ip: string): Promise<string> {
  for await (const held of client.allocations.list({ ...where, ip })) {
    if (held.end_ip === undefined || sameAddress(held.ip, ip)) return held.id;
    throw new PoolError('address_mismatch', `${ip} belongs to ${spanOf(held)}: release ${held.ip}`);
  }
  const isKnown = where.network !== undefined || (await hasNetwork(client, ip));
  const why = isKnown ? 'nobody holds it' : 'no network has it, see ippool network list';
  throw new PoolError('allocation_not_found', `IP ${ip} not found: ${why}`);
}

async function hasNetwork(client: Client, ip: string): Promise<boolean> {
  const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');
  const networks = new BlockList();
  for (const { cidr } of await client.networks.list()) {
    const [base = '', length] = cidr.split('/');
    networks.addSubnet(base, Number(length), familyOf(base));
  }
  return networks.check(ip, familyOf(ip));
}

function sameAddress(ours: string, theirs: string): boolean {
  return ours === theirs || ours === theirs.toLowerCase();
}

async function releaseVm(client: Client, where: Where, vm_id: string, nic: string | undefined) {
  const released: string[] = [];
  for await (const held of client.allocations.list({ ...where, vm_id })) {
    if (nic !== undefined && held.nic !== nic) continue;
    await client.allocations.release(held.id);
    released.push(spanOf(held));
  }
  if (released.length === 0) throw new PoolError('allocation_not_found', `VM ${vm_id} holds no address`);
  return released;
}
