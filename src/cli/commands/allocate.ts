import { BULK_LIMIT, COUNT_LIMIT } from '../../api/limits.ts';
import type { AllocationRequest, NetworkAllocation } from '../../client/client.ts';
import { type Command, NETWORK_FLAGS, VRF_FLAG } from '../command.ts';
import { type Input, refused } from '../input.ts';
import { ALLOCATIONS, factsOf } from '../allocation.ts';

/** The sidecar's own. */
const DEFAULT_NETWORK = 'default';
const NETWORKS_HELP = 'The network (default: default); of several, separated by commas, an address each or none';

export const allocate: Command = {
  words: 'allocate',
  help: 'Allocate an address, a range of them, or a prefix',
  flags: [
    ...NETWORK_FLAGS.map((flag) => (flag.name === 'network' ? { ...flag, help: NETWORKS_HELP } : flag)),
    { name: 'cidr', short: 'c', kind: 'text', help: 'The network by its CIDR' },
    VRF_FLAG,
    { name: 'count', short: 'k', kind: 'text', help: 'How many addresses: one range that is theirs (default 1)' },
    { name: 'separate', kind: 'switch', help: 'With --count: addresses that need not follow each other' },
    { name: 'vm', kind: 'text', help: 'The VM that is to own it; asking again gives the same' },
    { name: 'nic', kind: 'text', help: 'Which NIC of the VM' },
    { name: 'ip', kind: 'text', help: 'This address and no other' },
    { name: 'prefix-length', kind: 'text', help: 'Delegate a prefix of this length, such as 64' },
    { name: 'hostname', short: 'H', kind: 'text', help: 'Its host name' },
    { name: 'mac', kind: 'text', help: 'Its MAC address, or auto to be given one' },
    { name: 'description', short: 'd', kind: 'text', help: 'What it is for' },
    { name: 'tags', short: 't', kind: 'list', help: 'Tags, separated by commas' },
    { name: 'ttl', short: 'T', kind: 'text', help: 'How long: seconds, 90m, 12h, 7d (default: until released)' },
    { name: 'idempotency-key', kind: 'text', help: 'Without --vm: asking again by this key gives the same' },
    { name: 'from', kind: 'text', help: 'A CSV or JSON file with a request in each row, - for standard input' },
    { name: 'atomic', kind: 'switch', help: `With --from: all or none, ${BULK_LIMIT} at most` },
    { name: 'quiet', short: 'q', kind: 'switch', help: 'Print the address alone' },
  ],
  examples: [
    'allocate -c 192.168.1.0/24 --hostname web-server',
    'allocate -c 192.168.1.0/24 -k 5 -d "Load balancer pool"',
    'allocate -n v4net,v6net --vm vm-4711 --mac auto',
    'allocate --from vms.csv',
  ],
  run: async (context) => {
    const { input, out, client } = context;
    const file = input.text('from');
    if (file !== undefined) {
      const { allocateMany } = await import('../bulk.ts'); // with the schema library, which takes a while
      return allocateMany(context, file);
    }
    const request = requestOf(input);
    const idempotencyKey = input.text('idempotency-key');
    const isQuiet = input.on('quiet');
    const answer = await (await client()).allocations.create(request, { idempotencyKey });
    const given = Array.isArray(answer) ? answer : [answer];
    if (isQuiet && !out.isJson) for (const one of given) await out.line(one.prefix ?? one.ip);
    else if (Array.isArray(answer)) await out.list(answer, ALLOCATIONS);
    else await out.value(answer, titleOf(answer), factsOf(answer));
    return 0;
  },
};

function titleOf({ prefix, end_ip }: NetworkAllocation): string {
  if (prefix !== undefined) return 'Prefix allocated successfully';
  return end_ip === undefined ? 'IP allocated successfully' : 'IP range allocated successfully';
}

function requestOf(input: Input): AllocationRequest {
  const networks = input.list('network') ?? [];
  const [network, ...more] = networks;
  const cidr = input.text('cidr');
  if (input.on('separate') && input.text('count') === undefined) throw refused('separate', 'goes with --count');
  const given = {
    ...(more.length > 0 ? { networks } : { network: network ?? (cidr === undefined ? DEFAULT_NETWORK : undefined) }),
    cidr,
    vrf: input.text('vrf'),
    count: input.whole('count', 1, COUNT_LIMIT),
    contiguous: input.on('separate') ? false : undefined,
    vm_id: input.text('vm'),
    nic: input.text('nic'),
    ip: input.text('ip'),
    prefix_length: input.whole('prefix-length', 1, 128),
    hostname: input.text('hostname'),
    mac: input.text('mac'),
    description: input.text('description'),
    tags: input.list('tags'),
    ttl: input.seconds('ttl'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
