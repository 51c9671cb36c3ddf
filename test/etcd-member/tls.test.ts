import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clientAddress, readClusterFile } from '../../src/config/cluster-file.ts';
import { EtcdClient } from '../../src/store/etcd/client.ts';
import { makeCertificates } from '../support/certificates.ts';
import { runCli } from '../support/cli.ts';
import { freePorts } from '../support/etcd.ts';
import { etcdBinary, missingEtcd } from '../support/etcd-binary.ts';
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

  const refuses = async (args: readonly string[], code: number, names: RegExp) => {
    const began = Date.now();
    const finished = await runCli(['server', '--port', '0', ...args]);
    assert.equal(finished.code, code, finished.stderr);
    const last = finished.stderr.trimEnd().split('\n').at(-1) ?? '';
    assert.match(last, names);
    assert.match(last, /^ippool: /);
    assert.ok(Date.now() - began < 15_000, 'it does not wait for what will not come');
  };

  it('say at once what is wrong with the files', async () => {
    const { ca, cert, key } = files;
    const other = makeCertificates(join(folder, 'other'));
    const away = ['--etcd', 'https://127.0.0.1:1'];
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--etcd-ca', ca, '--etcd-cert', key, '--etcd-key', cert], /--etcd-cert .*certificate/],
      [['--etcd-ca', ca, '--etcd-cert', cert, '--etcd-key', cert], /--etcd-key .*key/],
      [['--etcd-ca', ca, '--etcd-cert', cert, '--etcd-key', other.key], /--etcd-key .*--etcd-cert/],
      [['--etcd-ca', key], /--etcd-ca .*authority/],
      [['--etcd-cert', cert], /--etcd-cert and --etcd-key/],
      [['--etcd', 'http://127.0.0.1:1', '--etcd-ca', ca], /--etcd http:.*https:/],
    ];
    await Promise.all(
      cases.map(([args, names]) => refuses([...(args[0] === '--etcd' ? [] : away), ...args], 2, names)),
    );
  });

  it('say soon whose certificate is not accepted, and by what setting', async () => {
    const { ca, cert, key } = files;
    const other = makeCertificates(join(folder, 'stranger'));
    const to = ['--etcd', `https://${clientAddress(readClusterFile(join(nodes.dataDir(1), 'cluster.json')))}`];
    await Promise.all([
      refuses([...to, '--etcd-cert', cert, '--etcd-key', key], 1, /--etcd-ca/),
      refuses([...to, '--etcd-ca', other.ca, '--etcd-cert', cert, '--etcd-key', key], 1, /--etcd-ca/),
      refuses([...to, '--etcd-ca', ca], 1, /--etcd-cert/),
      refuses([...to, '--etcd-ca', ca, '--etcd-cert', other.cert, '--etcd-key', other.key], 1, /--etcd-cert/),
    ]);
  });

  it('start no etcd of their own with a certificate that nobody can accept', async () => {
    const alone = await OwnMembers.prepare(1);
    await alone.configure(1);
    const own = ['--cluster', '--config', join(alone.dataDir(1), 'cluster.json'), '--etcd-binary', etcdBinary()];
    const elsewhere = makeCertificates(join(folder, 'elsewhere'), { names: 'IP:10.9.9.9' });
    const expired = makeCertificates(join(folder, 'expired'), { days: 0 });
    const flagsOf = ({ ca, cert, key }: typeof files) => ['--etcd-ca', ca, '--etcd-cert', cert, '--etcd-key', key];
    await refuses([...own, ...flagsOf(elsewhere)], 2, /--etcd-cert .*127\.0\.0\.1/);
    await refuses([...own, ...flagsOf(expired)], 1, /renew/);
    await alone.remove();
  });

  it('need all three files', async () => {
    const config = join(nodes.dataDir(1), 'cluster.json');
    const { code, stderr } = await runCli(['server', '--cluster', '--config', config, '--etcd-ca', files.ca]);
    assert.equal(code, 2);
    assert.match(stderr, /--etcd-cert/);
  });
});
