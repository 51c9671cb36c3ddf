import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../support/server.ts';
import { missingTools } from '../support/tools.ts';
import { type Answer, Caller } from './caller.ts';
import { History } from './history.ts';
import { contentsOf, fileLike } from './folder.ts';
import { logged, refusal, scratch, serve } from './serving.ts';
import { smallDisk } from './small-disk.ts';

/** Longer than the names of others: when another record does not fit, this one does not either. */
const LONG = `vm-${'x'.repeat(120)}`;
const MANY = 2000;
const TIMEOUT_MS = 20_000;
/** A tmpfs allocates whole pages. */
const PAGE = 4096;

interface Scene {
  readonly data: string;
  readonly under: string[];
  readonly args: string[];
  readonly errno: string;
  readonly makeRoom: (server: Server) => void;
}

describe(
  'a full disk',
  { skip: missingTools({ unshare: 'util-linux', nsenter: 'util-linux', prlimit: 'util-linux' }) },
  () => {
    it('refuses only changes, with 507, until there is space (ENOSPC)', async (t) => {
      const disk = await smallDisk(t, '256k');
      const filler = join(disk.seen, 'filler');
      writeFileSync(filler, Buffer.alloc(180_000));
      await fillAndRecover(t, {
        data: join(disk.dir, 'data'),
        under: disk.enter,
        args: [],
        errno: 'ENOSPC',
        makeRoom: () => rmSync(filler),
      });
    });

    it('allocates as long as it can when there is no space to compact', async (t) => {
      const disk = await smallDisk(t, '256k');
      const data = join(disk.dir, 'data');
      writeFileSync(join(disk.seen, 'filler'), Buffer.alloc(224 * 1024)); // the journal fits, its snapshot does not
      const options = { data, under: disk.enter, args: ['--compact-bytes', '16000'] };
      const server = await serve(t, options);
      const caller = new Caller(server.url);
      let time = 0;
      const history = new History(() => ++time);
      for (let i = 0; !server.stdout().includes('no room to compact'); i++) {
        const answer = await history.note(`vm-${i}`, 'allocate', () => caller.allocate(`vm-${i}`));
        assert.equal(answer?.status, 201);
      }
      assert.equal((await history.note('vm-more', 'allocate', () => caller.allocate('vm-more')))?.status, 201);
      assert.equal((await caller.get('/readyz')).status, 200);
      const isGivenUp = () => !readdirSync(join(disk.seen, 'data')).some((name) => /tmp$|^snapshot/.test(name));
      await until(isGivenUp, 'the partial snapshot is deleted');
      await server.kill('SIGKILL');
      caller.close();

      const next = await serve(t, options);
      const again = new Caller(next.url);
      assert.deepEqual(history.judge(await again.held()), []);
      again.close();
      await next.stop();
    });

    it('makes a start exit with 75 when the copy of a torn tail does not fit, and needs no more space than that tail', async (t) => {
      const disk = await smallDisk(t, '256k');
      const options = { data: join(disk.dir, 'data'), under: disk.enter };
      const first = await serve(t, options);
      const caller = new Caller(first.url);
      for (let i = 0; i < 100; i++) assert.equal((await caller.allocate(`vm-${i}`)).status, 201);
      caller.close();
      await first.kill('SIGKILL');
      const journal = join(disk.seen, 'data', 'journal-0.jsonl');
      const sound = readFileSync(journal);
      assert.ok(sound.length > 2 * PAGE, 'all of the journal would not fit into a page');
      const torn = '{"seq":102,"event":{"type":';
      appendFileSync(journal, torn);
      const filler = join(disk.seen, 'filler');
      const filled = fillUp(filler);
      const before = contentsOf(join(disk.seen, 'data'));

      const refused = await refusal(['--data', options.data], { under: disk.enter });
      assert.equal(refused.code, 75, refused.stderr);
      assert.match(refused.stderr, /^[^\n]*\n$/, 'one line');
      assert.deepEqual(contentsOf(join(disk.seen, 'data')), before);

      truncateSync(filler, filled - PAGE);
      const second = await serve(t, options);
      const again = new Caller(second.url);
      assert.equal((await again.held()).length, 100);
      again.close();
      assert.deepEqual(await second.stop(), { code: 0, signal: null });
      assert.equal(readFileSync(fileLike(join(disk.seen, 'data'), /\.torn-/), 'utf8'), torn);
      assert.deepEqual(readFileSync(journal), sound);
    });

    it('refuses only changes, with 507, until there is space (EFBIG)', async (t) => {
      const data = scratch(t);
      await fillAndRecover(t, {
        data,
        under: ['prlimit', '--fsize=30000:unlimited'],
        args: [],
        errno: 'EFBIG',
        makeRoom: ({ pid }) => void execFileSync('prlimit', ['--pid', String(pid), '--fsize=unlimited']),
      });
    });
  },
);

async function fillAndRecover(t: TestContext, { data, under, args, errno, makeRoom }: Scene): Promise<void> {
  const start = async () => {
    const server = await serve(t, { data, under, args: ['--network', '10.9.0.0/16', ...args] });
    return { server, caller: new Caller(server.url) };
  };
  let time = 0;
  const history = new History(() => ++time);
  const judge = async (caller: Caller) => {
    assert.deepEqual([...history.judge(await caller.held()), ...history.contradictions, ...history.overlaps()], []);
  };

  const first = await start();
  await history.note(LONG, 'allocate', () => first.caller.allocate(LONG));
  const refused = await fill(first.caller, history);
  assert.equal(refused.status, 507);
  assert.equal(refused.body.code, 'storage_full');
  assert.match(String(refused.headers['retry-after']), /^\d+$/);
  await logged(first.server, `"errno":"${errno}"`);
  assert.ok(history.answered > 20, 'there was space at first');

  // Reads continue and show nothing that was refused. A release must be recorded too, so it is refused as well.
  await judge(first.caller);
  assert.equal((await first.caller.get(`/api/v1/ip/${LONG}`)).status, 200);
  assert.equal((await first.caller.get('/livez')).status, 200);
  assert.equal((await first.caller.allocate(LONG)).status, 200);
  assert.equal((await first.caller.release(LONG)).status, 507);
  const readiness = await first.caller.get('/readyz');
  assert.equal(readiness.status, 503);
  assert.notEqual((readiness.body.checks as Record<string, string>).store, 'ok');
  await first.server.kill('SIGKILL');
  first.caller.close();

  // It starts on a full disk, at least for reads.
  const second = await start();
  await judge(second.caller);
  assert.equal((await second.caller.release(LONG)).status, 507);
  makeRoom(second.server);
  const isReady = async () => (await second.caller.get('/readyz')).status === 200;
  await until(isReady, 'it detects the free space without help');
  const allocate = () => second.caller.allocate('vm-after');
  assert.equal((await history.note('vm-after', 'allocate', allocate))?.status, 201);
  const release = () => second.caller.release(LONG);
  assert.equal((await history.note(LONG, 'release', release))?.status, 200);
  await judge(second.caller);
  await second.server.kill('SIGKILL');
  second.caller.close();

  const third = await start();
  await judge(third.caller);
  third.caller.close();
  assert.deepEqual(await third.server.stop(), { code: 0, signal: null });
}

/** Uses all the free space of a disk. Returns the length of the file. */
function fillUp(path: string): number {
  for (let length = 0; ; length += PAGE) {
    try {
      appendFileSync(path, Buffer.alloc(PAGE));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      return length;
    }
  }
}

/** Allocates until there is no space. Returns the refusal. */
async function fill(caller: Caller, history: History): Promise<Answer> {
  for (let i = 0; i < MANY; i++) {
    const vm = `vm-${i}`;
    const answer = await history.note(vm, 'allocate', () => caller.allocate(vm));
    assert.ok(answer);
    if (answer.status !== 201) return answer;
  }
  throw new Error(`${MANY} allocations fit on the small disk`);
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, what);
    await sleep(50);
  }
}
