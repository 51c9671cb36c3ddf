import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ComposeService, readCompose } from '../support/compose-file.ts';
import { missingTools } from '../support/tools.ts';

const FILE = fileURLToPath(new URL('../../config/compose.cluster.yaml', import.meta.url));
const NODES = ['ippool-1', 'ippool-2', 'ippool-3'];
const MEMBERS = ['etcd-1', 'etcd-2', 'etcd-3'];

describe('config/compose.cluster.yaml', { skip: missingTools({ 'docker-compose': 'docker-compose' }) }, () => {
  let services: Readonly<Record<string, ComposeService>>;
  before(async () => {
    services = await readCompose(FILE, { IPPOOL_PORT: '9000' });
  });

  it('has three nodes, three members of etcd, and nginx', () => {
    assert.deepEqual(Object.keys(services).sort(), [...MEMBERS, ...NODES, 'nginx'].sort());
  });

  it('gives every node a name of its own, and all of them the same etcd', () => {
    const endpoints = MEMBERS.map((name) => `http://${name}:2379`).join(',');
    for (const name of NODES) {
      const { environment } = services[name] ?? {};
      assert.equal(environment?.IPPOOL_NODE_ID, name);
      assert.equal(environment.IPPOOL_ETCD, endpoints);
      assert.equal(environment.IPPOOL_ADVERTISE_URL, `http://${name}:8080`);
    }
  });

  it('tells every member of all of them, by the address that it has', () => {
    const cluster = MEMBERS.map((name) => `${name}=http://${name}:2380`).join(',');
    for (const name of MEMBERS) {
      const { environment, volumes } = services[name] ?? {};
      assert.equal(environment?.ETCD_NAME, name);
      assert.equal(environment.ETCD_INITIAL_CLUSTER, cluster);
      assert.equal(environment.ETCD_INITIAL_ADVERTISE_PEER_URLS, `http://${name}:2380`);
      assert.equal(environment.ETCD_ADVERTISE_CLIENT_URLS, `http://${name}:2379`);
      assert.deepEqual(volumes, [`${name}:${environment.ETCD_DATA_DIR ?? ''}:rw`]);
    }
  });

  it('can be reached through nginx only, and from this host only', () => {
    for (const name of [...NODES, ...MEMBERS]) assert.equal(services[name]?.ports, undefined);
    assert.deepEqual(services.nginx?.ports, ['127.0.0.1:9000:8080/tcp']);
  });

  it('allows the nodes no more than they need', () => {
    for (const name of NODES) {
      const { read_only, cap_drop, security_opt } = services[name] ?? {};
      assert.deepEqual([read_only, cap_drop, security_opt], [true, ['ALL'], ['no-new-privileges:true']]);
    }
  });
});
