import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { missingTools } from '../support/tools.ts';
import { Caller } from './caller.ts';
import { History } from './history.ts';
import { scratch, serve } from './serving.ts';

interface Failure {
  readonly what: string;
  /** For strace: the call and which one of it fails. A start makes three fdatasync, two fsync and two pwrite64. */
  readonly inject: string;
  readonly args: string[];
}

const FAILURES: readonly Failure[] = [
  { what: 'the fdatasync of an allocation', inject: 'fdatasync:error=EIO:when=6', args: [] },
  { what: 'the write of an allocation', inject: 'pwrite64:error=EIO:when=6', args: [] },
  { what: 'the fsync of a snapshot', inject: 'fsync:error=EIO:when=4', args: ['--compact-bytes', '1000'] },
  {
    what: 'the fsync after old journals were deleted',
    inject: 'fsync:error=EIO:when=9',
    args: ['--compact-bytes', '1000'],
  },
];
/** Requests at the same time, so that some wait for the batch that fails. */
const CLIENTS = 4;

// About 8 s.
describe('a disk that fails', { skip: missingTools({ strace: 'strace' }) }, () => {
  for (const { what, inject, args } of FAILURES) {
    it(`ends the server with 74 at once: ${what}`, async (t) => {
      const root = scratch(t);
      const data = join(root, 'data');
      const trace = join(root, 'trace');
      const call = inject.slice(0, inject.indexOf(':'));
      const server = await serve(t, {
        data,
        args,
        // strace counts calls by thread: one does them all.
        env: { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' },
        under: ['strace', '-D', '-f', '-qq', '-o', trace, '-e', `trace=${call}`, '-e', `inject=${inject}`],
      });
      let time = 0;
      const history = new History(() => ++time);
      await Promise.all(
        Array.from({ length: CLIENTS }, async (_, client) => {
          const caller = new Caller(server.url);
          for (let i = 0; ; i++) {
            const vm = `vm-${client}-${i}`;
            if (!(await history.note(vm, 'allocate', () => caller.allocate(vm)))) break;
          }
          caller.close();
        }),
      );
      assert.deepEqual(await server.exited, { code: 74, signal: null });
      assert.match(server.stderr(), /^[^\n]*\n$/, 'one line');
      assert.ok(server.stderr().includes(data), 'that names the place');
      assert.ok(existsSync(trace));
      const injected = readFileSync(trace, 'utf8').match(/EIO .*\(INJECTED\)/g);
      assert.equal(injected?.length, 1, 'the fault was injected');
      assert.ok(history.answered > 0 && history.unanswered === CLIENTS);

      const next = await serve(t, { data });
      const caller = new Caller(next.url);
      assert.deepEqual([...history.judge(await caller.held()), ...history.contradictions], []);
      assert.equal((await caller.allocate('vm-after')).status, 201);
      caller.close();
      await next.stop();
    });
  }
});
