import type { Network, NetworkChange } from '../../client/client.ts';
import { type Command, type Context, type Flag } from '../command.ts';
import { type Input, missing } from '../input.ts';
import type { Listed } from '../output.ts';

const SETTINGS_FLAGS: readonly Flag[] = [
  { name: 'description', short: 'd', kind: 'text', help: 'What it is for' },
  { name: 'tags', short: 't', kind: 'list', help: 'Tags, separated by commas; none clears' },
  { name: 'name', kind: 'text', help: 'A name by which it can be called' },
  { name: 'gateway', short: 'g', kind: 'text', help: 'Its gateway, which is never given out; none for none' },
  { name: 'strategy', kind: 'text', help: 'round-robin, lowest or random' },
  { name: 'range', kind: 'list', help: 'Give out only these: addresses, ranges a-b, CIDRs; none: all of it' },
  { name: 'exclude', kind: 'list', help: 'Never give these out; none clears' },
  { name: 'cooldown', kind: 'text', help: 'How long nobody else gets a released address: seconds, 90m, 12h, 7d' },
  { name: 'cooldown-policy', kind: 'text', help: 'When only cooling addresses are left: refuse or oldest' },
  { name: 'sticky', kind: 'text', help: 'How long a VM that comes back gets its old address if it is free' },
  { name: 'drain', kind: 'switch', help: 'Give out nothing any more; what is held stays. --no-drain ends it' },
];

export const networkAdd: Command = {
  words: 'network add',
  operand: '[cidr]',
  help: 'Add a network',
  flags: [
    { name: 'cidr', short: 'c', kind: 'text', help: 'The network, when it does not stand alone' },
    { name: 'vrf', kind: 'text', help: 'Its VRF: networks of different VRFs may overlap (default: default)' },
    ...SETTINGS_FLAGS,
  ],
  examples: ['network add 192.168.1.0/24 -d "Office network"', 'network add fd00:1::/64 --name v6 --gateway fd00:1::1'],
  creates: true,
  run: async ({ input, out, client }) => {
    const cidr = input.operand ?? input.text('cidr');
    if (cidr === undefined) throw missing('the network', 'network add 10.1.0.0/16');
    const vrf = input.text('vrf');
    const settings = settingsOf(input);
    const network = await (await client()).networks.add({ cidr, ...(vrf === undefined ? {} : { vrf }), ...settings });
    await out.value(network, 'Network added successfully', factsOf(network));
    return 0;
  },
};

export const networkList: Command = {
  words: 'network list',
  help: 'List all networks',
  flags: [],
  run: async ({ out, client }) => {
    const networks = await (await client()).networks.list();
    await out.list(networks, networks.some(({ vrf }) => vrf !== 'default') ? NETWORKS_OF_VRFS : NETWORKS);
    return 0;
  },
};

export const networkShow: Command = {
  words: 'network show',
  operand: '[network]',
  help: 'Show a network with all of its settings',
  flags: [],
  examples: ['network show default', 'network show 10.1.0.0/16'],
  run: async (context) => {
    const name = nameOf(context, 'network show');
    const network = await (await context.client()).networks.get(name);
    await context.out.value(network, `Network ${network.id}`, factsOf(network));
    return 0;
  },
};

export const networkUpdate: Command = {
  words: 'network update',
  operand: '[network]',
  help: 'Change a network in service',
  flags: [{ name: 'cidr', short: 'c', kind: 'text', help: 'What it grows or shrinks to' }, ...SETTINGS_FLAGS],
  examples: ['network update vms --drain', 'network update 10.1.0.0/16 --exclude 10.1.0.10-10.1.0.20'],
  run: async (context) => {
    const name = nameOf(context, 'network update');
    const cidr = context.input.text('cidr');
    const change: NetworkChange = { ...(cidr === undefined ? {} : { cidr }), ...settingsOf(context.input) };
    if (Object.keys(change).length === 0) throw missing('what is to change', `network update ${name} --drain`);
    const network = await (await context.client()).networks.update(name, change);
    await context.out.value(network, `Network ${network.id} updated successfully`, factsOf(network));
    return 0;
  },
};

export const networkDelete: Command = {
  words: 'network delete',
  operand: '[network]',
  help: 'Delete a network that holds no allocations',
  flags: [{ name: 'force', kind: 'switch', help: 'With its allocations; it must be drained' }],
  run: async (context) => {
    const name = nameOf(context, 'network delete');
    const force = context.input.on('force');
    await (await context.client()).networks.remove(name, force ? { force } : {});
    await context.out.value({ deleted: name }, `Network ${name} deleted successfully.`);
    return 0;
  },
};

function nameOf({ input }: Context, words: string): string {
  if (input.operand === undefined) throw missing('the network by its id, name or CIDR', `${words} default`);
  return input.operand;
}

function settingsOf(input: Input): Omit<NetworkChange, 'cidr'> {
  const text = (name: string) => nullIfNone(input.text(name));
  const given = {
    description: input.text('description'),
    tags: input.list('tags'),
    name: text('name'),
    gateway: text('gateway'),
    strategy: input.oneOf('strategy', ['round-robin', 'lowest', 'random']),
    ranges: input.list('range'),
    excluded: input.list('exclude'),
    cooldown_seconds: input.seconds('cooldown'),
    cooldown_policy: input.oneOf('cooldown-policy', ['refuse', 'oldest']),
    sticky_seconds: input.seconds('sticky'),
    drain: input.switch('drain'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function nullIfNone(text: string | undefined): string | null | undefined {
  return text === 'none' ? null : text;
}

function factsOf(network: Network): [string, string | undefined][] {
  return [
    ['ID', network.id],
    ['CIDR', network.cidr],
    ['VRF', network.vrf === 'default' ? '' : network.vrf],
    ['Name', network.name],
    ['Description', network.description],
    ['Tags', network.tags.join(', ')],
    ['Gateway', network.gateway ?? 'none'],
    ['Strategy', network.strategy],
    ['Ranges', network.ranges.join(', ')],
    ['Excluded', network.excluded.join(', ')],
    [
      'Cooldown',
      network.cooldown_seconds > 0 ? `${network.cooldown_seconds} s, when full: ${network.cooldown_policy}` : '',
    ],
    ['Sticky', network.sticky_seconds > 0 ? `${network.sticky_seconds} s` : ''],
    ['Draining', network.drain ? 'yes' : ''],
  ];
}

const NETWORKS: Listed<Network> = {
  none: 'No networks found.',
  columns: [
    { head: 'ID', cell: ({ id }) => id },
    { head: 'CIDR', cell: ({ cidr }) => cidr },
    { head: 'Gateway', cell: ({ gateway }) => gateway ?? '' },
    { head: 'Name', cell: ({ name }) => name },
    { head: 'Tags', cell: ({ tags }) => tags.join(',') },
    { head: 'State', cell: ({ drain }) => (drain ? 'draining' : 'in service') },
    { head: 'Description', cell: ({ description }) => description },
  ],
};

/** Shown only where there is a VRF besides `default`. */
const NETWORKS_OF_VRFS: Listed<Network> = {
  ...NETWORKS,
  columns: [{ head: 'VRF', cell: ({ vrf }) => vrf }, ...NETWORKS.columns],
};
