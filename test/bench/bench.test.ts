import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** Runs the benchmark as `npm run bench` does, in a folder that nothing else writes to. */
async function bench(folder: string, ...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, '--folder', folder, ...args]);
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

// That it runs and tells everything; never how fast.
describe('bench', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('prints every table with a figure in every cell, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await bench(folder, '--quick', '--markdown');
    assert.equal(code, 0, stderr);
    const expected = [
      {
        heading: 'POST /api/v1/ip/allocate',
        names: ['1 raw', '1 ippool', '8 raw', '8 ippool', '64 raw', '64 ippool', '256 raw', '256 ippool'],
        columns: 8,
      },
      { heading: 'ippool ÷ raw', names: ['1', '8', '64', '256'], columns: 3 },
      {
        heading: 'One allocation in the pool alone',
        names: ['/16 empty', '/16, the last of 65,533', '/8 empty', '/8, the last of 16,777,213'],
        columns: 2,
      },
      { heading: 'Start and idle memory', names: ['bare Koa app', 'ippool'], columns: 3 },
    ];
    for (const { heading, names, columns } of expected) {
      const rows = rowsOf(stdout, heading);
      const titles = columns === 8 ? rows.map(([first, second]) => `${first} ${second}`) : rows.map(([first]) => first);
      assert.deepEqual(titles, names, heading);
      for (const row of rows) {
        assert.equal(row.length, columns, row.join(' | '));
        for (const cell of row.slice(columns === 8 ? 2 : 1)) assert.match(cell, /^\d/, row.join(' | '));
      }
    }
    assert.match(stdout, /fdatasync of a 4 KiB append: \d/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('names a flag that it cannot use', async () => {
    const { code, stderr } = await bench(folder, '--rounds', 'many');
    assert.equal(code, 2);
    assert.match(stderr, /--rounds many/);
  });
});
