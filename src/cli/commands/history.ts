import type { Tenure } from '../../client/client.ts';
import { ownerOf } from '../allocation.ts';
import { type Command, VRF_FLAG } from '../command.ts';
import { missing, refused } from '../input.ts';
import type { Listed } from '../output.ts';

export const history: Command = {
  words: 'history',
  operand: '[ip]',
  help: 'Who had an address when, or what a VM had; newest first',
  flags: [
    VRF_FLAG,
    { name: 'vm', kind: 'text', help: 'What this VM had' },
    { name: 'at', kind: 'text', help: 'Who had it at this time: RFC 3339, or a date' },
    { name: 'limit', short: 'l', kind: 'text', help: 'How many, at most' },
  ],
  examples: ['history 192.168.1.7 --at 2026-01-27T09:00:00Z', 'history --vm vm-4711'],
  run: async ({ input, out, client }) => {
    const [ip, vm_id, at] = [input.operand, input.text('vm'), input.time('at')];
    const limit = input.whole('limit', 1, 10_000);
    if (ip === undefined && vm_id === undefined) throw missing('an address or a VM', 'history 192.168.1.7');
    if (ip !== undefined && vm_id !== undefined) throw refused('vm', 'and an address are two questions');
    await out.list(await (await client()).history({ ip, vrf: input.text('vrf'), vm_id, at, limit }), TENURES);
    return 0;
  },
};

const TENURES: Listed<Tenure> = {
  none: 'Nothing found.',
  columns: [
    { head: 'IP', cell: ({ ip, end_ip }) => (end_ip === undefined ? ip : `${ip}-${end_ip}`) },
    { head: 'VM', cell: ownerOf },
    { head: 'Hostname', cell: ({ hostname }) => hostname },
    { head: 'From', cell: ({ from }) => from },
    { head: 'Until', cell: ({ until }) => until ?? 'now' },
    { head: 'Ended', cell: ({ reason }) => reason ?? '' },
    { head: 'By', cell: ({ allocated_by }) => allocated_by ?? '' },
    { head: 'Ended by', cell: ({ released_by }) => released_by ?? '' },
  ],
};
