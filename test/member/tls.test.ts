import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clientAddress, readClusterFile } from '../../src/member/file.ts';
import { EtcdClient } from '../../src/store/etcd/client.ts';
import { makeCertificates } from '../support/certificates.ts';
import { runCli } from '../support/cli.ts';
import { freePorts } from '../support/etcd.ts';
import { missingEtcd } from '../support/etcd-binary.ts';
import { OwnMembers, until } from '../support/own-members.ts';
import { missingTools } from '../support/tools.ts';

// About 12 s.
describe('nodes with certificates', { skip: missingEtcd() || missingTools({ openssl: 'openssl' }) }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippool-tls-'));
  const files =
    missingTools({ openssl: 'openssl' }) === false ? makeCertificates(folder) : { ca: '', cert: '', key: '' };
  const tls = ['--etcd-ca', files.ca, '--etcd-cert', files.cert, '--etcd-key', files.key];
  let nodes: OwnMembers;
  before(async () => {
    nodes = await OwnMembers.prepare(3, tls);
    await nodes.startAll();
  });
  after(async () => {
    await nodes.remove();
    rmSync(folder, { recursive: true });
  });

  it('are a cluster, in which members and ippool trust each other', async () => {
    const answer = await nodes.call(2, 'POST', '/ip/allocate', { vm_id: 'vm-1' });
    assert.equal(answer.status, 201);
    assert.equal((await nodes.call(3, 'GET', '/ip/vm-1')).status, 200);
    await until('all are seen to be healthy', async () => {
      return (await nodes.status(1)).members.every(({ healthy }) => healthy);
    });
  });

  it('let nobody in who has none', async () => {
    const address = clientAddress(readClusterFile(join(nodes.dataDir(1), 'cluster.json')));
    const now = () => Date.now();
    const ask = async (url: string, more: object) => {
      const client = new EtcdClient({ endpoints: [url], now, ...more });
      try {
        return await client.range({ key: 'a' });
      } finally {
        client.close();
      }
    };
    const [ca, cert, key] = [files.ca, files.cert, files.key].map((file) => readFileSync(file));
    await assert.rejects(ask(`http://${address}`, {}), { name: 'EtcdError' });
    await assert.rejects(ask(`https://${address}`, { tls: { ca } }), { name: 'EtcdError' });
    assert.ok(await ask(`https://${address}`, { tls: { ca, cert, key } }));
  });

  it('take in one more', async () => {
    const [port = 0] = await freePorts(1);
    const addr = `127.0.0.1:${port}`;
    await until('etcd lets a member come', async () => {
      return (await nodes.call(1, 'POST', '/cluster/nodes', { node_id: 4, addr })).status === 204;
    });
    nodes.addresses.set(4, addr);
    await nodes.configure(4);
    await nodes.start(4);
    assert.equal((await nodes.call(4, 'GET', '/ip/vm-1')).status, 200);
  });

  it('need all three files', async () => {
    const config = join(nodes.dataDir(1), 'cluster.json');
    const { code, stderr } = await runCli(['server', '--cluster', '--config', config, '--etcd-ca', files.ca]);
    assert.equal(code, 2);
    assert.match(stderr, /--etcd-cert/);
  });
});
