import { PoolError } from '../../errors.ts';
import type { Input } from '../input.ts';
import { plural } from '../output.ts';
import type { LocalCommand } from './local.ts';

const SHARED = ['etcd-ca', 'etcd-cert', 'etcd-key', 'etcd-prefix'] as const;

export const migrate: LocalCommand = {
  words: 'migrate',
  help: 'Move everything from a data folder to etcd, or back; nothing may serve from either',
  flags: [
    { name: 'from', kind: 'text', help: 'The data folder to move …' },
    { name: 'to-etcd', kind: 'list', help: '… to the etcd at these endpoints, where nothing may be yet' },
    { name: 'from-etcd', kind: 'list', help: 'The endpoints of the etcd to move from …' },
    { name: 'to', kind: 'text', help: '… to a new data folder' },
    ...SHARED.map((name) => ({ name, kind: 'text', help: 'As for serve' }) as const),
    { name: 'json', kind: 'switch', help: 'Print JSON' },
  ],
  examples: [
    'migrate --from ippool-data --to-etcd http://127.0.0.1:2379',
    'migrate --from-etcd http://127.0.0.1:2379 --to ippool-data',
  ],
  run: async (input) => {
    const { folder, endpoints, isToEtcd } = placesOf(input);
    const [{ loadConfig }, { emptyFamilies, withImage }, { toEtcd, fromEtcd }] = await Promise.all([
      import('../../config/load.ts'),
      import('../../compose/offline.ts'),
      import('../../migration/migrate.ts'),
    ]);
    const registry = emptyFamilies();
    const flags = Object.fromEntries(SHARED.map((name) => [name, input.text(name)]));
    const config = loadConfig({ ...flags, etcd: endpoints.join(',') }, undefined);
    const summary = await withImage(config, (image) =>
      isToEtcd ? toEtcd(folder, image, registry) : fromEtcd(image, folder, registry, Date.now()),
    );
    const { networks, reservations, allocations, remembered, allocationsSum, othersSum } = summary;
    if (input.on('json')) {
      process.stdout.write(`${JSON.stringify(summary, undefined, 2)}\n`);
      return 0;
    }
    const [from, to] = isToEtcd ? [folder, 'etcd'] : ['etcd', folder];
    const lines = [
      `Moved from ${from} to ${to}, and read back from there: both sides are equal.`,
      `  Networks:      ${networks}, with ${plural(reservations, 'reservation')} and ${remembered} remembered ${remembered === 1 ? 'address' : 'addresses'}`,
      `  Checksum:      ${othersSum}`,
      `  Allocations:   ${allocations}`,
      `  Checksum:      ${allocationsSum}`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};

function placesOf(input: Input) {
  const [from, toEtcd] = [input.text('from'), input.list('to-etcd')];
  const [fromEtcd, to] = [input.list('from-etcd'), input.text('to')];
  const there = from !== undefined && toEtcd !== undefined && fromEtcd === undefined && to === undefined;
  const back = from === undefined && toEtcd === undefined && fromEtcd !== undefined && to !== undefined;
  if (there) return { folder: from, endpoints: toEtcd, isToEtcd: true };
  if (back) return { folder: to, endpoints: fromEtcd, isToEtcd: false };
  throw new PoolError('usage', 'migrate takes --from DIR --to-etcd URLS, or --from-etcd URLS --to DIR', {
    field: '--from',
  });
}
