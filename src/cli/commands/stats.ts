import type { Network, NetworkStats } from '../../client/client.ts';
import { type Command, NETWORK_FLAGS } from '../command.ts';
import type { Listed } from '../output.ts';

export const stats: Command = {
  words: 'stats',
  operand: '[network]',
  help: 'Show how full networks are',
  flags: [...NETWORK_FLAGS, { name: 'free', kind: 'switch', help: 'And which ranges are free' }],
  examples: ['stats', 'stats -n default --free'],
  run: async ({ input, out, client }) => {
    const named = input.operand ?? input.text('network');
    const freeRanges = input.on('free');
    const { networks } = await client();
    const found: readonly Pick<Network, 'id'>[] = named === undefined ? await networks.list() : [{ id: named }];
    const rows: NetworkStats[] = [];
    for (const { id } of found) rows.push(await networks.stats(id, freeRanges ? { freeRanges } : {}));
    await out.list(rows, STATS);
    if (freeRanges && !out.isJson) {
      for (const { cidr, free_ranges = [] } of rows) {
        await out.line(`Free in ${cidr}: ${free_ranges.length === 0 ? 'nothing' : free_ranges.join(', ')}`);
      }
    }
    return 0;
  },
};

const STATS: Listed<NetworkStats> = {
  none: 'No networks found.',
  columns: [
    { head: 'Network', cell: ({ cidr }) => cidr },
    { head: 'Total IPs', right: true, cell: ({ total_ips }) => String(total_ips) },
    { head: 'Allocated', right: true, cell: ({ allocated_ips }) => String(allocated_ips) },
    { head: 'Available', right: true, cell: ({ available_ips }) => String(available_ips) },
    { head: 'Reserved', right: true, cell: ({ reserved_ips }) => String(reserved_ips) },
    { head: 'Cooling', right: true, cell: ({ cooling_ips }) => String(cooling_ips) },
    { head: 'Utilization', right: true, cell: ({ utilization_percent }) => `${utilization_percent.toFixed(1)}%` },
  ],
};
