import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startServer } from '../support/server.ts';
import { missingTools } from '../support/tools.ts';

const UNIT = fileURLToPath(new URL('../../config/ippool.service', import.meta.url));
/** In tenths; systemd-analyze calls anything up to 2 "safe" or "OK". The unit has 17 with systemd 252. */
const EXPOSURE = 20;

const run = promisify(execFile);

describe('config/ippool.service', { skip: missingTools({ 'systemd-analyze': 'systemd', strace: 'strace' }) }, () => {
  let folder: string;
  let text: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ippool-unit-'));
    text = await readFile(UNIT, 'utf8');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const values = (key: string) => [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

  it('is one that systemd understands in every line', async () => {
    // The command need not be installed for this, but systemd wants to see one.
    const copy = join(folder, 'ippool.service');
    await writeFile(copy, text.replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath}`));
    const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', copy]);
    assert.equal(stdout + stderr, ''); // a key that it does not know is only a warning
  });

  it('leaves little that an intruder could reach', async () => {
    const threshold = [`--threshold=${EXPOSURE}`, '--offline=true', '--no-pager'];
    await run('systemd-analyze', ['security', ...threshold, UNIT]);
  });

  it('waits for the message that notify.test.ts sees', () => {
    assert.deepEqual(values('Type'), ['notify']);
    assert.deepEqual(values('NotifyAccess'), ['all']);
  });

  it('keeps the data where it may write', () => {
    assert.deepEqual(values('StateDirectory'), ['ippool']);
    assert.ok(values('Environment').includes('IPPOOL_DATA=%S/ippool'));
  });

  it('does not start again after the exit codes that stay', () => {
    assert.deepEqual(values('RestartPreventExitStatus'), ['2 65 74 78']);
    assert.deepEqual(values('Restart'), ['on-failure']);
  });

  it('gives a stop more than the 8 s that it may take', () => {
    assert.deepEqual(values('TimeoutStopSec'), ['10']);
  });

  it('allows every system call that starting, allocating, locking, notifying and stopping make', async (t) => {
    const trace = join(folder, 'trace');
    const server = await startServer({
      // -f: the calls of its threads and children, too.
      command: ['strace', '-f', '-qq', '-o', trace, process.execPath, MAIN],
      args: ['--data', join(folder, 'data')],
      env: { NOTIFY_SOCKET: join(folder, 'nobody-listens') },
    });
    t.after(() => server.kill('SIGKILL'));
    const answer = await fetch(new URL('/api/v1/ip/allocate', server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ vm_id: 'vm-1' }),
    });
    assert.equal(answer.status, 201);
    // strace keeps SIGTERM from itself while it traces: the server gets it, and strace ends with the server's code.
    process.kill(await childOf(server.pid), 'SIGTERM');
    assert.equal((await server.exited).code, 0);

    const used = new Set((await readFile(trace, 'utf8')).match(/(?<=^\d+ +)[a-z]\w*(?=\()/gm));
    for (const name of ['pwrite64', 'flock', 'execve', 'sendmsg']) assert.ok(used.has(name), `${name} was not seen`);
    const sets = values('SystemCallFilter').flatMap((list) => list.split(' '));
    const allowed = new Set((await Promise.all(sets.map(callsOf))).flat());
    assert.deepEqual(
      [...used].filter((name) => !allowed.has(name)),
      [],
    );
  });
});

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The system calls of a set such as @system-service, with those of the sets in it. */
async function callsOf(set: string): Promise<string[]> {
  const { stdout } = await run('systemd-analyze', ['syscall-filter', '--no-pager', set]);
  const entries = [...stdout.matchAll(/^ {4}([@\w-]+)$/gm)].map(([, entry = '']) => entry);
  const nested = await Promise.all(entries.filter((entry) => entry.startsWith('@')).map(callsOf));
  return [...entries, ...nested.flat()];
}

async function childOf(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0]);
}
