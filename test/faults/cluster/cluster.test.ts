import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { missingTools } from '../../support/tools.ts';

// The short form of `npm run test:faults`, and two faulty stores that it must find.

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const TOOLS = { ip: 'iproute2', iptables: 'iptables', mount: 'mount', unshare: 'util-linux' };

describe('a cluster', { skip: missingTools(TOOLS) || missingEtcd() }, () => {
  it('allocates no address twice and loses none under any fault', { timeout: 180_000 }, async (t) => {
    const { code, output } = await suite(t);
    assert.equal(code, 0, output);
    assert.match(
      output,
      /duplicates 0, lost 0, two addresses 0, undead 0, wrongly exhausted 0, halves 0, leases ended early 0/,
    );
  });

  it('fails the checks when its store reads, then puts', { timeout: 120_000 }, async (t) => {
    const { code, output } = await suite(t, '--node', 'read-then-put', '--only', 'nothing');
    assert.equal(code, 1, output);
    assert.match(output, /duplicates [1-9]/);
  });

  it('fails the checks when its store resends what may still arrive', { timeout: 120_000 }, async (t) => {
    const { code, output } = await suite(t, '--node', 'send-again', '--only', 'late');
    assert.equal(code, 1, output);
    assert.match(output, /undead [1-9]/);
  });
});

function suite(t: TestContext, ...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, '--short', ...args], { signal: t.signal });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => {
      t.diagnostic(output);
      resolve({ code, output });
    });
  });
}
