import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { missingTools } from '../support/tools.ts';
import { Caller } from './caller.ts';
import { History } from './history.ts';
import { refusal, scratch, serve } from './serving.ts';

interface Failure {
  readonly what: string;
  /** The system call that fails, and which one of its kind: a start makes three fsync and two pwrite64 calls. */
  readonly call: string;
  readonly when: number;
  /** How the trace shows that it was the intended call. */
  readonly trace: RegExp;
  readonly args: string[];
}

const COMPACT = ['--compact-bytes', '1000'];
const FAILURES: readonly Failure[] = [
  {
    what: 'the write of an allocation, with the sync in it',
    call: 'pwrite64',
    when: 6,
    trace: /pwrite64\(\d+<\S+journal-0\.jsonl>.*INJECTED/,
    args: [],
  },
  {
    what: 'the fsync of a snapshot',
    call: 'fsync',
    when: 5,
    trace: /fsync\(\d+<\S+snapshot-\d+\.json\.tmp>\).*INJECTED/,
    args: COMPACT,
  },
  {
    what: 'the fsync of the folder after an old journal became history',
    call: 'fsync',
    when: 12,
    trace: /rename\("\S+journal-0\.jsonl", "\S+history-0\.jsonl"\).*\n.*fsync\(.*INJECTED/,
    args: COMPACT,
  },
];
/** Concurrent requests, so that some wait for the batch that fails. */
const CLIENTS = 4;

describe('a disk that fails', { skip: missingTools({ strace: 'strace' }) }, () => {
  for (const { what, call, when, trace, args } of FAILURES) {
    it(`stops the server with exit code 74 at once: ${what}`, async (t) => {
      const root = scratch(t);
      const data = join(root, 'data');
      const log = join(root, 'strace.log');
      const server = await serve(t, {
        data,
        args,
        // strace counts calls per thread, so use only one.
        env: { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' },
        under: [
          ...['strace', '-D', '-f', '-y', '-qq', '-o', log, '-e', `trace=rename,${call}`],
          ...['-e', `inject=${call}:error=EIO:when=${when}`],
        ],
      });
      let time = 0;
      const history = new History(() => ++time);
      await Promise.all(
        Array.from({ length: CLIENTS }, async (_, client) => {
          const caller = new Caller(server.url);
          for (let i = 0; i < 50; i++) {
            const vm = `vm-${client}-${i}`;
            if (!(await history.note(vm, 'allocate', () => caller.allocate(vm)))) break;
          }
          caller.close();
        }),
      );
      assert.deepEqual(await server.exited, { code: 74, signal: null });
      assert.match(server.stderr(), /^[^\n]*\n$/, 'one line');
      assert.ok(server.stderr().includes(data), 'the message names the folder');
      const traced = readFileSync(log, 'utf8');
      assert.equal(traced.split('(INJECTED)').length - 1, 1, 'the fault was injected');
      assert.match(traced, trace, 'into the intended call');
      assert.ok(history.answered > 0 && history.unanswered === CLIENTS);

      const next = await serve(t, { data });
      const caller = new Caller(next.url);
      assert.deepEqual([...history.judge(await caller.held()), ...history.contradictions], []);
      assert.equal((await caller.allocate('vm-after')).status, 201);
      caller.close();
      await next.stop();
    });
  }

  // A failed sync says nothing about space, whatever its errno: with 75, a retry would follow and its sync succeed.
  for (const [what, call, name, spoil] of [
    ['the fdatasync of a journal that it continues', 'fdatasync', /journal-0\.jsonl>/, 'serve'],
    ['the fsync of the copy of a torn tail', 'fsync', /\.torn-[^>]+>/, 'tear'],
  ] as const) {
    it(`makes a start exit with 74 when a sync fails with ENOSPC: ${what}`, async (t) => {
      const root = scratch(t);
      const data = join(root, 'data');
      const log = join(root, 'strace.log');
      await (await serve(t, { data })).stop();
      if (spoil === 'tear') appendFileSync(join(data, 'journal-0.jsonl'), '{"seq":2,');
      const { code, stdout, stderr } = await refusal(['--data', data], {
        env: { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' },
        under: [
          ...['strace', '-D', '-f', '-y', '-qq', '-o', log, '-e', `trace=${call}`],
          ...['-e', `inject=${call}:error=ENOSPC:when=1`],
        ],
      });
      const [injected = ''] = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes('(INJECTED)'));
      assert.match(injected, name);
      assert.equal(code, 74, stderr);
      assert.match(stderr, /^[^\n]*\n$/, 'one line');
      assert.ok(!stdout.includes('ready on'));
    });
  }
});
