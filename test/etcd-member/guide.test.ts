import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ClusterStatus } from '../../src/api/cluster.ts';
import { missingEtcd } from '../support/etcd-binary.ts';
import { Machine, missingMachine } from '../support/machine.ts';
import { shellBlocks } from '../support/page.ts';

// The steps of docs/cluster.md, word for word. About 25 s.
describe('the guide to a cluster', { skip: missingEtcd() || missingMachine() }, () => {
  const steps = (heading: string) => {
    const lines = shellBlocks('docs/cluster.md', `## ${heading}`).flat();
    assert.notEqual(lines.length, 0, heading);
    return lines;
  };

  it('brings up one node', async (t) => {
    const machine = await made(t);
    await follow(machine, steps('One node'));
    await machine.until(ready(8080));
    assert.equal((await status(machine, 8080)).nodes.length, 1);
    await allocate(machine, 8080);
  });

  it('brings up three, and a fourth, and lets it go', async (t) => {
    const machine = await made(t);
    await follow(machine, steps('Three nodes'));
    for (const port of [8081, 8082, 8083]) await machine.until(ready(port));
    for (const line of steps('Look at a cluster')) {
      const { code, stdout, stderr } = await machine.run(line);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /Cluster ID: +100|"cluster_id":100/);
    }
    await allocate(machine, 8083);

    const [add = '', ...start] = steps('Add a node');
    // etcd accepts no new member before its members have been up for 5 s.
    await machine.until(add.replace('curl ', 'curl --fail '));
    await follow(machine, start);
    await machine.until(ready(8084));
    assert.equal((await status(machine, 8084)).nodes.length, 4);
    for (const line of steps('Remove a node')) await machine.until(line.replace('curl ', 'curl --fail '));
    assert.equal((await status(machine, 8081)).nodes.length, 3);
    await machine.until('! pgrep -f "[n]ode4-data"');
  });
});

async function made(t: TestContext): Promise<Machine> {
  const machine = await Machine.make();
  t.after(() => machine.stop());
  return machine;
}

async function follow(machine: Machine, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    if (line.includes(' server ')) await machine.start(line, `${/node\d/.exec(line)?.[0] ?? 'node'}.log`);
    else {
      const { code, stderr } = await machine.run(line);
      assert.equal(code, 0, `${line}: ${stderr}`);
    }
  }
}

function ready(port: number): string {
  return `curl --silent --fail http://127.0.0.1:${port}/readyz`;
}

async function status(machine: Machine, port: number): Promise<ClusterStatus> {
  const { stdout } = await machine.run(`curl --silent http://127.0.0.1:${port}/api/v1/cluster/status`);
  return JSON.parse(stdout) as ClusterStatus;
}

async function allocate(machine: Machine, port: number): Promise<void> {
  const body = `-H 'Content-Type: application/json' -d '{"vm_id":"vm-1"}'`;
  const { code, stdout } = await machine.run(
    `curl --silent --fail ${body} http://127.0.0.1:${port}/api/v1/ip/allocate`,
  );
  assert.equal(code, 0, stdout);
}
