import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Client, Network, NetworkAllocation } from '../../client/client.ts';
import type { Command } from '../command.ts';
import { cellsOf, COLUMNS } from '../exchange/columns.ts';
import { csvWriter } from '../exchange/csv.ts';
import { missing } from '../input.ts';
import { PoolError } from '../../errors.ts';

export const exporting: Command = {
  words: 'export',
  help: 'Write networks and allocations down, so that import takes them back',
  flags: [
    { name: 'format', short: 'f', kind: 'text', help: 'json: networks and allocations; csv: allocations' },
    { name: 'out', short: 'o', kind: 'text', help: 'To this file instead of standard output' },
    { name: 'network', short: 'n', kind: 'text', help: 'Only this network: its id, name or CIDR' },
  ],
  examples: ['export --format json --out backup.json', 'export --format csv -n default'],
  run: async ({ input, out, client }) => {
    const [file, network] = [input.text('out'), input.text('network')];
    const format = input.oneOf('format', ['csv', 'json']) ?? (input.on('json') ? 'json' : formatOf(file));
    if (format === undefined) throw missing('the format', 'export --format csv');
    const service = await client();
    const text = format === 'csv' ? csv(service, network) : json(service, network);
    if (file === undefined) {
      for await (const part of text) await out.write(part);
      return 0;
    }
    await writeFile(file, text);
    return 0;
  },
};

/** An existing file is replaced by a complete one, or not at all. */
async function writeFile(file: string, text: AsyncIterable<string>): Promise<void> {
  const isPlain = !existsSync(file) || statSync(file).isFile(); // /dev/stdout is not
  const written = isPlain ? `${file}.tmp-${process.pid}` : file;
  try {
    await pipeline(text, createWriteStream(written));
    if (isPlain) renameSync(written, file);
  } catch (error) {
    if (isPlain) rmSync(written, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new PoolError('data_io', `Cannot write ${file}: ${message}`, { code }, error);
  }
}

function formatOf(file = ''): 'csv' | 'json' | undefined {
  return file.endsWith('.csv') ? 'csv' : file.endsWith('.json') ? 'json' : undefined;
}

async function* csv(client: Client, network: string | undefined): AsyncGenerator<string, void> {
  const row = await csvWriter(COLUMNS);
  let head = row(COLUMNS);
  for await (const allocation of client.allocations.stream({ network })) {
    yield `${head}${row(cellsOf(allocation))}`;
    head = '';
  }
  if (head !== '') yield head;
}

/** One row per line, so that an import can name the line of a row that it refuses. */
async function* json(client: Client, network: string | undefined): AsyncGenerator<string, void> {
  const networks = network === undefined ? await client.networks.list() : [await client.networks.get(network)];
  yield `{"networks":[\n${networks.map((one) => JSON.stringify(settingsOf(one))).join(',\n')}\n],"allocations":[`;
  let before = '\n';
  for await (const allocation of client.allocations.stream({ network })) {
    yield `${before}${JSON.stringify(requestOf(allocation))}`;
    before = ',\n';
  }
  yield '\n]}\n';
}

/** The members of a request for a new network. */
function settingsOf(network: Network): object {
  const { id, family, created_at, updated_at, vrf, ...settings } = network;
  return withoutEmpty({ ...settings, vrf: vrfOf(vrf) });
}

/** Absent for `default`, so that older releases import the file too. */
function vrfOf(vrf: string): string | undefined {
  return vrf === 'default' ? undefined : vrf;
}

function requestOf({ network, vrf, ip, end_ip, count, prefix, prefix_length, ...rest }: NetworkAllocation): object {
  const { vm_id, nic, hostname, mac, description, tags, expires_at } = rest;
  return withoutEmpty({
    network,
    vrf: vrfOf(vrf),
    ip,
    count: end_ip === undefined || prefix !== undefined ? undefined : count,
    prefix_length: prefix === undefined ? undefined : prefix_length,
    vm_id,
    nic,
    hostname,
    mac,
    description,
    tags,
    expires_at,
  });
}

/** Without null, too: a network without a gateway is exported without one, and import chooses none. */
function withoutEmpty(record: Readonly<Record<string, unknown>>): object {
  const isEmpty = (value: unknown) =>
    value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && !isEmpty(value)));
}
