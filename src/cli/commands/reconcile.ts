import type { ReconcileResponse } from '../../client/client.ts';
import { type Command, NETWORK_FLAGS } from '../command.ts';
import { readText } from '../file.ts';
import { missing } from '../input.ts';
import type { Listed } from '../output.ts';

type Missing = ReconcileResponse['missing'][number];

export const reconcile: Command = {
  words: 'reconcile',
  help: 'Find allocations of VMs that are gone, and free them when they are gone for long enough',
  flags: [
    { name: 'live', kind: 'text', help: 'File with the id of every VM that lives, one a line; - for standard input' },
    ...NETWORK_FLAGS,
    { name: 'vm-prefix', kind: 'text', help: 'Only VMs whose id begins so: those of this host' },
    { name: 'tag', short: 't', kind: 'text', help: 'Only allocations with this tag' },
    { name: 'grace', kind: 'text', help: 'How long a VM has to be missing: seconds, 90m, 12h (default 600)' },
    { name: 'apply', kind: 'switch', help: 'Free what is due. Without it nothing is freed' },
    { name: 'force', kind: 'switch', help: 'Also with an empty list, or when more than half would be freed' },
  ],
  examples: ['reconcile --live vms.txt --tag host-7', 'reconcile --live - --vm-prefix host7- --apply'],
  run: async ({ input, out, client }) => {
    const file = input.text('live');
    if (file === undefined) throw missing('the VMs that live', 'reconcile --live FILE');
    const [network, vm_id_prefix, tag] = [input.text('network'), input.text('vm-prefix'), input.text('tag')];
    const grace = input.seconds('grace');
    const [apply, force] = [input.on('apply'), input.on('force')];
    const live = readLines(file);
    const answer = await (
      await client()
    ).reconcile({
      live,
      dry_run: !apply,
      force,
      ...(network === undefined ? {} : { network }),
      ...(grace === undefined ? {} : { grace_seconds: grace }),
      ...(vm_id_prefix === undefined && tag === undefined
        ? {}
        : {
            scope: { ...(vm_id_prefix === undefined ? {} : { vm_id_prefix }), ...(tag === undefined ? {} : { tag }) },
          }),
    });
    if (out.isJson) await out.json(answer);
    else {
      await out.list(answer.missing, MISSING);
      await out.line(`${answer.checked} checked, ${answer.missing.length} missing, ${answer.released} released`);
    }
    return 0;
  },
};

function readLines(file: string): string[] {
  return readText(file, '--live')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

const MISSING: Listed<Missing> = {
  none: 'No VM is missing.',
  columns: [
    { head: 'IP', cell: ({ ip }) => ip },
    { head: 'VM', cell: ({ vm_id, nic }) => `${vm_id}${nic === '' ? '' : `/${nic}`}` },
    { head: 'Network', cell: ({ network_id }) => network_id },
    { head: 'Missing since', cell: ({ missing_since }) => missing_since },
    { head: 'State', cell: ({ due, released }) => (released ? 'released' : due ? 'due' : 'waiting') },
  ],
};
