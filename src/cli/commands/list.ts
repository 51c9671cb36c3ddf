import { ALLOCATIONS } from '../allocation.ts';
import { type Command, NETWORK_FLAGS, VRF_FLAG } from '../command.ts';

export const list: Command = {
  words: 'list',
  help: 'List allocations',
  flags: [
    ...NETWORK_FLAGS,
    VRF_FLAG,
    { name: 'all', short: 'a', kind: 'switch', help: 'Released and expired ones too' },
    { name: 'vm', kind: 'text', help: 'Only those of this VM' },
    { name: 'vm-prefix', kind: 'text', help: 'Only those of VMs whose id begins so' },
    { name: 'ip', kind: 'text', help: 'Only the one that holds this address' },
    { name: 'cidr', short: 'c', kind: 'text', help: 'Only addresses within' },
    { name: 'hostname', short: 'H', kind: 'text', help: 'Only those with this host name' },
    { name: 'mac', kind: 'text', help: 'Only those with this MAC address, however it is spelt' },
    { name: 'tag', short: 't', kind: 'text', help: 'Only those with this tag' },
    { name: 'status', kind: 'text', help: 'allocated, released, expired or all' },
  ],
  examples: ['list -n default', 'list --tag web --json'],
  run: async ({ input, out, client }) => {
    const filter = {
      network: input.text('network'),
      vrf: input.text('vrf'),
      all: input.on('all'),
      vm_id: input.text('vm'),
      vm_id_prefix: input.text('vm-prefix'),
      ip: input.text('ip'),
      cidr: input.text('cidr'),
      hostname: input.text('hostname'),
      mac: input.text('mac'),
      tag: input.text('tag'),
      status: input.oneOf('status', ['allocated', 'released', 'expired', 'all']),
    };
    await out.list((await client()).allocations.list(filter), ALLOCATIONS);
    return 0;
  },
};
