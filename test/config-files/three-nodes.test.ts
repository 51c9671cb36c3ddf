import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ClusterStatus } from '../../src/api/cluster.ts';
import { missingEtcd } from '../support/etcd-binary.ts';
import { Machine, missingMachine, quoted } from '../support/machine.ts';

const SCRIPT = fileURLToPath(new URL('../../config/three-nodes.sh', import.meta.url));

// About 10 s.
describe('config/three-nodes.sh', { skip: missingEtcd() || missingMachine() }, () => {
  it('brings up three nodes, and leaves nothing behind on Ctrl-C', async (t) => {
    const machine = await Machine.make();
    t.after(() => machine.stop());
    // Sorted here: a sort of the shell may not have begun yet when ps looks.
    const processes = async () => (await machine.run('ps -e -o args=')).stdout.split('\n').sort();
    const before = await processes();
    // As a terminal does it: a group of its own, in which SIGINT is not ignored, and which Ctrl-C is sent to.
    const inGroup = `python3 -c 'import os, signal, sys; os.setsid(); signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])'`;
    await machine.run(`IPPOOL=ippool ${inGroup} ${quoted(SCRIPT)} > three.log 2>&1 < /dev/null & echo $! > group`);
    for (const port of [8081, 8082, 8083]) {
      await machine.until(`curl --silent --fail http://127.0.0.1:${port}/readyz`);
    }
    const { stdout } = await machine.run('curl --silent http://127.0.0.1:8083/api/v1/cluster/status');
    assert.equal((JSON.parse(stdout) as ClusterStatus).nodes.length, 3);

    await machine.run('kill -INT -- -$(cat group)');
    await machine.until('! pgrep -f "[-]-initial-cluster|[t]hree-nodes.sh"');
    assert.equal((await machine.run('ls -A tmp')).stdout, '');
    assert.deepEqual(await processes(), before);
  });
});
