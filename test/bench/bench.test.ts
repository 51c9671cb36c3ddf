import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingEtcd } from '../support/etcd-binary.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** Runs the benchmark as `npm run bench` does, in a folder that nothing else writes to. */
async function bench(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, stdout, stderr };
}

/** Cells of the rows below a heading. */
function rowsOf(output: string, heading: string): string[][] {
  const [, below = ''] = output.split(`**${heading}`);
  const table = below.split('\n**')[0]!.split('\n');
  return table
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

interface Expected {
  readonly heading: string;
  readonly rows: readonly string[];
  /** All of them; the first ones name the row. */
  readonly columns: number;
  readonly names?: number;
}

const USUAL: Readonly<Record<string, readonly Expected[]>> = {
  http: [
    {
      heading: 'POST /api/v1/ip/allocate',
      rows: ['1 raw', '1 ippool', '8 raw', '8 ippool', '64 raw', '64 ippool', '256 raw', '256 ippool'],
      columns: 8,
      names: 2,
    },
    { heading: 'ippool ÷ raw', rows: ['1', '8', '64', '256'], columns: 3 },
  ],
  durable: [
    { heading: 'Latency of a durable allocation over HTTP', rows: ['1', '8', '64'], columns: 7 },
    {
      heading: 'Latency of a durable allocation in a /20',
      rows: ['0 %', '50 %', '90 %', '99 %', '100 % (refused)'],
      columns: 7,
    },
  ],
  scale: [
    {
      heading: 'The next free address',
      rows: ['round-robin', 'lowest', 'random', 'a range of 16', 'a prefix of 16'],
      columns: 4,
    },
    {
      heading: 'One allocation in the pool alone',
      rows: ['/16 empty', '/16, the last of 65,533', '/8 empty', '/8, the last of 16,777,213'],
      columns: 2,
    },
  ],
  restart: [
    { heading: 'Start and idle memory', rows: ['bare Koa app', 'ippool', 'ippool ÷ Koa'], columns: 5 },
    {
      heading: 'Start on a data folder',
      rows: ['2,000 JSON.parse of the lines', '2,000 ippool'],
      columns: 8,
      names: 2,
    },
    { heading: 'Allocating with 2,000 allocations', rows: ['without', 'while compacting'], columns: 5 },
  ],
  bulk: [{ heading: 'POST /api/v1/allocations/bulk', rows: ['1', '10', '100', '1,000', '10,000'], columns: 5 }],
};

const CLUSTER: readonly Expected[] = [
  { heading: 'Durable allocations a second', rows: ['2'], columns: 6 },
  { heading: 'Contention on one network', rows: ['/20, 1 node', '/20, 3 nodes', '/16, 3 nodes'], columns: 6 },
  { heading: 'kill -9 of the leader', rows: ['1'], columns: 8 },
  { heading: 'Start of a node', rows: ['2,000'], columns: 2 },
];

function assertTable(output: string, { heading, rows: expected, columns, names = 1 }: Expected): void {
  const rows = rowsOf(output, heading);
  assert.deepEqual(
    rows.map((row) => row.slice(0, names).join(' ')),
    expected,
    heading,
  );
  for (const row of rows) {
    assert.equal(row.length, columns, row.join(' | '));
    for (const cell of row.slice(names)) if (cell !== '') assert.match(cell, /^\d/, row.join(' | '));
  }
}

// That it runs and tells everything; never how fast.
describe('bench', { concurrency: true }, () => {
  let folder = '';
  let out = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
    out = mkdtempSync(join(tmpdir(), 'bench-out-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
    rmSync(out, { recursive: true });
  });

  it('prints every table with a figure in every cell, writes them, and leaves nothing else behind', async () => {
    const { code, stdout, stderr } = await bench('--quick', '--markdown', '--folder', folder, '--out', out);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /fdatasync of a 4 KiB append: \d/);
    for (const [suite, tables] of Object.entries(USUAL)) {
      const written = readFileSync(join(out, `${suite}.md`), 'utf8');
      for (const table of tables) {
        assertTable(stdout, table);
        assertTable(written, table);
      }
      const { machine, [suite]: result } = JSON.parse(readFileSync(join(out, `${suite}.json`), 'utf8')) as Record<
        string,
        unknown
      >;
      assert.ok(machine && result, suite);
      const [, picture = ''] = /!\[.+\]\((.+\.svg)\)/.exec(written) ?? [];
      assert.match(readFileSync(join(out, picture), 'utf8'), /^<svg /, picture);
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  it('measures a cluster', { skip: missingEtcd() }, async () => {
    const results = mkdtempSync(join(tmpdir(), 'bench-out-'));
    const { code, stdout, stderr } = await bench('cluster', '--quick', '--markdown', '--out', results);
    assert.equal(code, 0, stderr);
    for (const table of CLUSTER) assertTable(stdout, table);
    const names = ['contention-anew', 'contention-rate', 'duplicates', 'rates', 'recovery'];
    const files = ['cluster.json', 'cluster.md', ...names.map((name) => `cluster-${name}.svg`)];
    assert.deepEqual(readdirSync(results).sort(), files.sort());
    rmSync(results, { recursive: true });
  });

  it('names a word that it cannot use', async () => {
    const { code, stdout, stderr } = await bench('--rounds', 'many');
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^bench: --rounds many/);
  });
});
