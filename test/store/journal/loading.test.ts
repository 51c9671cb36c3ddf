import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { createFolder } from '../../../src/store/journal/create.ts';
import { blocksOf } from '../../../src/store/journal/codec/lines.ts';
import { Loading } from '../../../src/store/journal/loading.ts';
import { recover } from '../../../src/store/journal/recover.ts';

const COUNT = 2000;

function* events(): Generator<PoolEvent> {
  for (let n = 0; n < COUNT; n++) {
    const ip = `10.0.${n >> 8}.${n & 255}`;
    const origin = { at: n, actor: 'a', request_id: 'r' };
    yield { type: 'ip_allocated', network: 'n', ip, vm_id: `vm-${n}`, nic: '', ...origin };
  }
}

describe('journal.Loading', () => {
  it('knows how far the reading is, tells it every five seconds, and lets the event loop turn meanwhile', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'ippool-loading-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    await createFolder(dir, { families: ['pool'], events: events() }, 'now');
    let now = 0;
    let turns = 0;
    const told: string[] = [];
    const loading = new Loading(
      (_, message) => told.push(message),
      () => now,
    );
    const done = new Set<number>();
    const turn = setInterval(() => turns++, 0);
    await recover(
      dir,
      {
        requireKnown: () => undefined,
        admit: () => {
          done.add(loading.done);
          now += 3;
          return undefined;
        },
      },
      loading,
    ).finally(() => clearInterval(turn));
    assert.ok(done.size > 2, 'in several steps');
    assert.ok(turns > 0);
    assert.ok(loading.total > 100 * COUNT);
    assert.equal(loading.done, loading.total);
    assert.equal(told.length, 1, '6 s went by');
    assert.match(told[0] ?? '', /: [1-9]\d? %$/);
  });
});

describe('journal.blocksOf', () => {
  const long = 'x'.repeat(200_000);
  const contents: readonly [string, string][] = [
    ['nothing', ''],
    ['one newline', '\n'],
    ['no newline at the end', 'a\nb'],
    ['lines longer than what is read at once', `a\n${long}\n\nb\n${long}`],
    ['many lines', 'some line\n'.repeat(50_000)],
    ['one that ends where a read ends', `${'y'.repeat(64 * 1024 - 1)}\nz\n`],
  ];
  for (const [what, text] of contents) {
    it(`gives every byte and every line once: ${what}`, async (t) => {
      const dir = mkdtempSync(join(tmpdir(), 'ippool-lines-'));
      t.after(() => rmSync(dir, { recursive: true, force: true }));
      const path = join(dir, 'file');
      writeFileSync(path, text);
      let read = '';
      const lines: string[] = [];
      for await (const block of blocksOf(path)) {
        assert.equal(block.offset, read.length);
        read += block.bytes.toString();
        for (const line of block) {
          lines[lines.length] = line.bytes.toString();
          assert.equal(text.startsWith(lines.at(-1) ?? '', line.offset), true);
          assert.equal(line.terminated, text[line.offset + line.size - 1] === '\n');
        }
      }
      assert.ok(read === text);
      assert.deepEqual(lines, text.split('\n').slice(0, text.endsWith('\n') || text === '' ? -1 : undefined));
    });
  }
});
