import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { freePorts, type Etcd, startEtcd } from '../support/etcd.ts';
import { missingEtcd } from '../support/etcd-binary.ts';
import { missingNginx, startNginx } from '../support/nginx.ts';
import { type Server, startServer } from '../support/server.ts';

// About 6 s.
describe('config/nginx.conf', { skip: missingEtcd() || missingNginx() }, () => {
  let etcd: Etcd;
  let nodes: Server[];
  let nginx: Awaited<ReturnType<typeof startNginx>>;
  let url: string;
  before(async () => {
    etcd = await startEtcd();
    const args = ['--etcd', etcd.endpoints.join(','), '--network', '10.9.0.0/16'];
    nodes = await Promise.all(['a', 'b', 'c'].map((id) => startServer({ args: [...args, '--node-id', id] })));
    const [port = 0] = await freePorts(1);
    url = `http://127.0.0.1:${port}`;
    nginx = await startNginx(site(port, nodes), url);
  });
  after(async () => {
    await nginx.stop();
    await Promise.all(nodes.map((node) => node.kill('SIGKILL')));
    await etcd.stop();
  });

  const allocate = async (vm_id: string) => {
    const answer = await fetch(`${url}/api/v1/ip/allocate`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ vm_id }),
    });
    return { status: answer.status, ip: ((await answer.json()) as { ip: string }).ip };
  };

  it('makes three nodes one service', async () => {
    const vms = Array.from({ length: 30 }, (_, i) => `vm-${i}`);
    const given = await Promise.all(vms.map(allocate));
    assert.deepEqual(new Set(given.map(({ status }) => status)), new Set([201]));
    assert.equal(new Set(given.map(({ ip }) => ip)).size, vms.length);
    const again = await Promise.all(vms.map(allocate));
    assert.deepEqual(
      again.map(({ ip }) => ip),
      given.map(({ ip }) => ip),
    );
    // Every node had its share.
    const health = await Promise.all(Array.from({ length: 12 }, () => fetch(`${url}/api/v1/cluster/status`)));
    const answering = await Promise.all(
      health.map(async (answer) => ((await answer.json()) as { node_id: string }).node_id),
    );
    assert.deepEqual([...new Set(answering)].sort(), ['a', 'b', 'c']);
  });

  it('hands on what the nodes refuse as they said it', async () => {
    const answer = await fetch(`${url}/api/v1/ip/nobody`);
    assert.equal(answer.status, 404);
    assert.equal(((await answer.json()) as { code: string }).code, 'allocation_not_found');
  });

  it('goes on without a node that was killed, and nobody notices', async () => {
    await nodes[0]?.kill('SIGKILL');
    for (let i = 0; i < 12; i++) assert.ok((await allocate(`later-${i}`)).status < 300, `later-${i}`);
  });
});

/** The file, with the ports of this test. */
function site(port: number, nodes: readonly Server[]): string {
  let text = readFileSync(new URL('../../config/nginx.conf', import.meta.url), 'utf8');
  for (const [i, node] of nodes.entries()) {
    const place = `127.0.0.1:${8081 + i}`;
    assert.ok(text.includes(place));
    text = text.replace(place, new URL(node.url).host);
  }
  assert.ok(text.includes('listen 127.0.0.1:8080;'));
  return text.replace('listen 127.0.0.1:8080;', `listen 127.0.0.1:${port};`);
}
