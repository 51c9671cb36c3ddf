import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Caller } from './caller.ts';
import { contentsOf, fileLike } from './folder.ts';
import { refusal, scratch, serve } from './serving.ts';

const NETWORK = ['--network', '10.9.0.0/24', '--gateway', '10.9.0.1'];

interface Refused {
  readonly what: string;
  readonly code: number;
  /** Damages a copy of a compacted folder, or of one that was never compacted. */
  readonly of: 'young' | 'compacted';
  readonly spoil: (dir: string) => void;
  readonly args?: string[];
  /** What the message on stderr must name. */
  readonly names: RegExp;
}

const NEWEST = /^(journal|snapshot)-(?!0\.)\d+\.json/;

const REFUSED: readonly Refused[] = [
  {
    what: 'a flipped byte in the middle of the journal',
    code: 65,
    of: 'young',
    spoil: (dir) => edit(join(dir, 'journal-0.jsonl'), (text) => text.replace('"vm_id":"vm-1"', '"vm_id":"vm-7"')),
    names: /journal-0\.jsonl.* byte \d+/,
  },
  {
    what: 'zeros in the middle of the journal',
    code: 65,
    of: 'young',
    spoil: (dir) => edit(join(dir, 'journal-0.jsonl'), (text) => text.replace('"vm_id":"vm-1"', '\0'.repeat(14))),
    names: /journal-0\.jsonl.* byte \d+/,
  },
  {
    what: 'a missing record in the middle',
    code: 65,
    of: 'young',
    spoil: (dir) => edit(join(dir, 'journal-0.jsonl'), (text) => text.replace(/.*"vm_id":"vm-1".*\n/, '')),
    names: /journal-0\.jsonl.* byte \d+/,
  },
  {
    what: 'a last record with a wrong checksum',
    code: 65,
    of: 'young',
    spoil: (dir) =>
      edit(join(dir, 'journal-0.jsonl'), (text) => text.replace(/.(?="\}\n$)/, (d) => (d === '0' ? '1' : '0'))),
    names: /journal-0\.jsonl.* byte \d+/,
  },
  {
    what: 'an empty journal',
    code: 65,
    of: 'young',
    spoil: (dir) => edit(join(dir, 'journal-0.jsonl'), () => ''),
    names: /journal-0\.jsonl/,
  },
  {
    what: 'a missing journal, the only one',
    code: 65,
    of: 'young',
    spoil: (dir) => rmSync(join(dir, 'journal-0.jsonl')),
    names: /journal/,
  },
  {
    what: 'a missing journal that continues the snapshot',
    code: 65,
    of: 'compacted',
    spoil: (dir) => rmSync(fileLike(dir, /^journal-[1-9]/)),
    names: /journal-\d+\.jsonl/,
  },
  {
    what: 'a missing snapshot that the journal continues',
    code: 65,
    of: 'compacted',
    spoil: (dir) => {
      rmSync(fileLike(dir, /^snapshot-/));
      rmSync(join(dir, 'journal-0.jsonl')); // otherwise the journals contain everything, and nothing is lost
    },
    names: /snapshot-\d+\.json/,
  },
  {
    what: 'a flipped byte in the snapshot',
    code: 65,
    of: 'compacted',
    spoil: (dir) => edit(fileLike(dir, /^snapshot-/), (text) => text.replace('"vm_id":"vm-1"', '"vm_id":"vm-7"')),
    names: /snapshot-\d+\.json.* byte \d+/,
  },
  {
    what: 'a journal of a newer version',
    code: 78,
    of: 'young',
    spoil: (dir) => edit(join(dir, 'journal-0.jsonl'), (text) => text.replace('{"v":3,', '{"v":4,')),
    names: /journal-0\.jsonl.*version 4/,
  },
  {
    what: 'a snapshot of a newer version',
    code: 78,
    of: 'compacted',
    spoil: (dir) => edit(fileLike(dir, /^snapshot-/), (text) => text.replace('{"v":3,', '{"v":4,')),
    names: /snapshot-\d+\.json.*version 4/,
  },
  {
    what: 'another network',
    code: 78,
    of: 'young',
    spoil: () => undefined,
    args: ['--network', '10.8.0.0/24'],
    names: /10\.9\.0\.0\/24/,
  },
  {
    what: 'another gateway',
    code: 78,
    of: 'compacted',
    spoil: () => undefined,
    args: ['--gateway', '10.9.0.254'],
    names: /10\.9\.0\.1\b/,
  },
];

describe('a data folder that cannot be trusted', () => {
  let root = '';
  const cleanUps: (() => void)[] = [];
  const context = { after: (cleanUp: () => void) => void cleanUps.push(cleanUp) };

  before(async () => {
    root = scratch(context);
    await fill('young', []);
    await fill('compacted', ['--compact-bytes', '1500']);
    assert.deepEqual(Object.keys(contentsOf(join(root, 'young'))), ['LOCK', 'journal-0.jsonl']);
    assert.equal(Object.keys(contentsOf(join(root, 'compacted'))).filter((name) => NEWEST.test(name)).length, 2);
  });

  after(() => {
    for (const cleanUp of cleanUps.reverse()) cleanUp();
  });

  async function fill(name: string, args: string[]): Promise<void> {
    const server = await serve(context, { data: join(root, name), args: [...NETWORK, ...args] });
    const caller = new Caller(server.url);
    for (let i = 0; i < 8; i++) assert.equal((await caller.allocate(`vm-${i}`)).status, 201);
    caller.close();
    await server.stop();
  }

  for (const { what, code, of, spoil, args = [], names } of REFUSED) {
    it(`is refused with exit code ${code} and not changed: ${what}`, async () => {
      const data = join(root, 'case');
      rmSync(data, { recursive: true, force: true });
      cpSync(join(root, of), data, { recursive: true });
      spoil(data);
      const before = contentsOf(data);
      const refused = await refusal(['--data', data, ...args]);
      assert.equal(refused.code, code, refused.stderr);
      assert.match(refused.stderr, /^[^\n]*\n$/, 'one line');
      assert.match(refused.stderr, names);
      assert.deepEqual(contentsOf(data), before);
    });
  }

  it('is refused with exit code 78 by --require-existing when it is empty or missing, and nothing is created', async () => {
    const missing = join(root, 'missing');
    const empty = join(root, 'empty');
    mkdirSync(empty);
    for (const data of [missing, empty]) {
      const { code, stderr } = await refusal(['--data', data, '--require-existing']);
      assert.equal(code, 78);
      assert.match(stderr, /^[^\n]*\n$/, 'one line');
      assert.ok(stderr.includes(data));
    }
    assert.ok(!existsSync(missing));
    assert.deepEqual(contentsOf(empty), {});
  });

  it('is not an intact one: the same flags start on it', async (t) => {
    for (const name of ['young', 'compacted']) {
      const server = await serve(t, { data: join(root, name), args: [...NETWORK, '--require-existing'] });
      const caller = new Caller(server.url);
      assert.equal((await caller.held()).length, 8);
      caller.close();
      await server.stop();
    }
  });
});

function edit(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'latin1');
  const changed = change(text);
  assert.notEqual(changed, text, 'the file was damaged');
  writeFileSync(path, changed, 'latin1');
}
