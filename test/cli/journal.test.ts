import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { runCli } from '../support/cli.ts';
import { startServer } from '../support/server.ts';

interface Exported {
  readonly networks: readonly { id: string; cidr: string }[];
  readonly allocations: readonly { ip: string; vm_id: string; hostname?: string }[];
}

describe('ippool journal', () => {
  let root: string;
  let sound: ReadonlyMap<string, Buffer>;
  let dir: string;

  /** Two generations: 40 VMs, then 20 of them released, in a journal that is compacted every few kilobytes. */
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'ippool-offline-'));
    const served = join(root, 'served');
    const server = await startServer({ args: ['--data', served, '--compact-bytes', '3000'] });
    const call = (method: string, path: string, body?: object) =>
      fetch(`${server.url}/api/v1/ip/${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
      });
    for (let i = 0; i < 40; i++) assert.equal((await call('POST', 'allocate', { vm_id: `vm-${i}` })).status, 201);
    for (let i = 0; i < 40; i += 2) assert.equal((await call('DELETE', `release/vm-${i}`)).status, 200);
    await server.stop();
    sound = await contentsOf(served);
    assert.ok(
      [...sound.keys()].filter((name) => name.startsWith('snapshot-')).length === 2,
      'two generations are kept',
    );
  });

  beforeEach(async () => {
    dir = await mkdtemp(join(root, 'data-'));
    for (const [name, bytes] of sound) await writeFile(join(dir, name), bytes);
  });

  after(() => rm(root, { recursive: true }));

  const newest = (kind: 'journal' | 'snapshot') =>
    [...sound.keys()]
      .filter((name) => name.startsWith(kind))
      .sort((a, b) => seqOf(a) - seqOf(b))
      .at(-1) ?? '';

  async function exported(): Promise<Exported> {
    const { code, stdout, stderr } = await runCli(['journal', 'export', dir]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Exported;
  }

  async function damage(name: string, change: (bytes: Buffer) => void): Promise<void> {
    const bytes = Buffer.from(sound.get(name) ?? '');
    change(bytes);
    await writeFile(join(dir, name), bytes);
  }

  it('finds nothing wrong with a sound folder, and changes nothing', async () => {
    const { code, stdout } = await runCli(['journal', 'verify', dir]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /sound; \d+ files, \d+ records, 20 allocations/);
    assert.deepEqual(await contentsOf(dir), sound);
  });

  it('exports what the server held', async () => {
    const { networks, allocations } = await exported();
    assert.deepEqual(
      networks.map(({ id, cidr }) => [id, cidr]),
      [['default', '172.16.0.0/24']],
    );
    assert.deepEqual(
      allocations.map(({ vm_id }) => vm_id),
      Array.from({ length: 20 }, (_, i) => `vm-${2 * i + 1}`),
    );
    assert.equal(allocations[0]?.ip, '172.16.0.3');
  });

  it('names every broken rule with file and offset', async () => {
    const journal = newest('journal');
    const lines = (sound.get(journal) ?? Buffer.alloc(0)).toString().split('\n');
    const second = (lines[0]?.length ?? 0) + 1;
    await damage(journal, (bytes) => (bytes[second + 30] = (bytes[second + 30] ?? 0) ^ 1));
    await damage(newest('snapshot'), (bytes) => (bytes[200] = (bytes[200] ?? 0) ^ 1));
    const { code, stdout } = await runCli(['journal', 'verify', dir]);
    assert.equal(code, 65);
    assert.match(stdout, new RegExp(`DAMAGE {2}${journal} at byte ${second} `));
    assert.match(stdout, new RegExp(`DAMAGE {2}${newest('snapshot')} at byte \\d+ {2}\\[crc\\]`));
  });

  it('notes a torn end, which the next start cuts off, without calling it damage', async () => {
    await damage(newest('journal'), () => undefined);
    const torn = Buffer.concat([sound.get(newest('journal')) ?? Buffer.alloc(0), Buffer.from('{"seq":9')]);
    await writeFile(join(dir, newest('journal')), torn);
    const verified = await runCli(['journal', 'verify', dir]);
    assert.equal(verified.code, 0);
    assert.match(verified.stdout, /note .*\[torn\]/);
    const repaired = await runCli(['journal', 'repair', dir]);
    assert.equal(repaired.code, 0);
    assert.deepEqual(await readFile(join(dir, newest('journal'))), sound.get(newest('journal')));
    assert.equal((await readdir(dir)).filter((name) => name.includes('.torn-')).length, 1);
  });

  it('notes damage in the older generation, which no start reads, unless the newest snapshot needs it', async () => {
    const files = [...sound.keys()].sort((a, b) => seqOf(a) - seqOf(b));
    const [older = ''] = files.filter((name) => name.startsWith('journal'));
    assert.notEqual(older, newest('journal'));
    for (const name of files.filter((name) => seqOf(name) === seqOf(older))) {
      await damage(name, (bytes) => (bytes[200] = (bytes[200] ?? 0) ^ 1));
    }
    const noted = await runCli(['journal', 'verify', dir]);
    assert.equal(noted.code, 0, noted.stdout);
    assert.match(noted.stdout, new RegExp(`^note .*${older} at byte `, 'm'));
    assert.doesNotMatch(noted.stdout, /DAMAGE/);
    await (await startServer({ args: ['--data', dir] })).stop();

    await damage(newest('snapshot'), (bytes) => (bytes[200] = (bytes[200] ?? 0) ^ 1));
    const broken = await runCli(['journal', 'verify', dir]);
    assert.equal(broken.code, 65);
    assert.match(broken.stdout, new RegExp(`^DAMAGE .*${older} at byte `, 'm'));
  });

  const losses: readonly [string, () => Promise<void>][] = [
    ['damaged', () => damage(newest('snapshot'), (bytes) => (bytes[200] = 0))],
    ['missing', () => unlink(join(dir, newest('snapshot')))],
  ];
  for (const [how, breakIt] of losses) {
    it(`makes up for a ${how} newest snapshot from the generation before, without loss`, async () => {
      const whole = await exported();
      await breakIt();
      const { code, stdout } = await runCli(['journal', 'repair', dir]);
      assert.equal(code, 0, stdout);
      assert.doesNotMatch(stdout, /LOST/);
      assert.deepEqual((await exported()).allocations, whole.allocations);
      assert.equal((await runCli(['journal', 'verify', dir])).code, 0);
    });
  }

  it('refuses to lose anything unless told so, then keeps every record that can be read', async () => {
    const whole = await exported();
    const journal = newest('journal');
    const lines = (sound.get(journal) ?? Buffer.alloc(0)).toString().split('\n');
    const at = lines.findIndex((line) => line.includes('"ip_released"'));
    const lost = JSON.parse(lines[at] ?? '') as { event: { vm_id: string } };
    const begin = lines.slice(0, at).reduce((bytes, line) => bytes + line.length + 1, 0);
    await damage(journal, (bytes) => (bytes[begin + 30] = (bytes[begin + 30] ?? 0) ^ 1));
    const broken = await contentsOf(dir);

    const refused = await runCli(['journal', 'repair', dir]);
    assert.equal(refused.code, 65);
    assert.deepEqual(await contentsOf(dir), broken, 'nothing was changed');

    const accepted = await runCli(['journal', 'repair', '--accept-loss', dir]);
    assert.equal(accepted.code, 0, accepted.stderr);
    assert.match(accepted.stdout, new RegExp(`LOST {2}${journal} at byte ${begin}`));
    const after = (await exported()).allocations.map(({ vm_id }) => vm_id).sort();
    // The one release that cannot be read any more is forgotten: its VM holds the address again.
    assert.deepEqual(after, [...whole.allocations.map(({ vm_id }) => vm_id), lost.event.vm_id].sort());
    const again = await startServer({ args: ['--data', dir] });
    await again.stop();
  });

  it('refuses a folder that a server holds, and a path that is none', async () => {
    const server = await startServer({ args: ['--data', dir] });
    for (const verb of ['verify', 'repair', 'export']) {
      const { code, stderr } = await runCli(['journal', verb, dir]);
      assert.equal(code, 75, verb);
      assert.match(stderr, /in use by another ippool \(process \d+\)/);
    }
    await server.stop();
    const empty = join(root, 'nowhere');
    for (const verb of ['verify', 'repair', 'export']) {
      assert.equal((await runCli(['journal', verb, empty])).code, 78, verb);
    }
    await assert.rejects(stat(empty), 'nothing was created');
    assert.equal((await runCli(['journal', 'verify'])).code, 2);
  });
});

function seqOf(name: string): number {
  return Number(/\d+/.exec(name)?.[0]);
}

async function contentsOf(dir: string): Promise<Map<string, Buffer>> {
  const names = (await readdir(dir)).filter((name) => name !== 'LOCK').sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name))] as const)));
}
