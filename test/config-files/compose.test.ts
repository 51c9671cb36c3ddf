import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ComposeService, readCompose } from '../support/compose-file.ts';
import { missingTools } from '../support/tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// That a server runs under these restrictions is shown by test/container/image.test.ts.
describe('config/compose.yaml', { skip: missingTools({ 'docker-compose': 'docker-compose' }) }, () => {
  // docker-compose takes a second or two.
  let service: ComposeService;
  let adapted: ComposeService;
  before(async () => {
    [service, adapted] = await Promise.all([read({}), read({ IPPOOL_PORT: '9000', IPPOOL_NETWORK: '10.1.0.0/16' })]);
  });

  it('can be reached from this host only, by default', () => {
    assert.deepEqual(service.ports, ['127.0.0.1:8080:8080/tcp']);
    assert.deepEqual(adapted.ports, ['127.0.0.1:9000:8080/tcp']);
  });

  it('allows no more than ippool needs', () => {
    const { read_only, cap_drop, security_opt, privileged, cap_add, tmpfs } = service;
    assert.equal(read_only, true);
    assert.deepEqual(cap_drop, ['ALL']);
    assert.deepEqual(security_opt, ['no-new-privileges:true']);
    assert.deepEqual([privileged, cap_add, tmpfs], [undefined, undefined, undefined]);
  });

  it('keeps the data in a named volume, where the image writes them', async () => {
    assert.deepEqual(service.volumes, [`ippool-data:${(await dockerfile('VOLUME'))[0] ?? ''}:rw`]);
  });

  it('publishes the port that the image listens on', async () => {
    const [port = ''] = await dockerfile('EXPOSE');
    assert.ok(service.ports?.every((published) => published.endsWith(`:${port}/tcp`)));
  });

  it('gives a stop more than the 8 s that it may take', () => {
    assert.equal(service.stop_grace_period, '10s');
  });

  it('is built from this folder', () => {
    assert.equal(`${service.build?.context ?? ''}/`, ROOT);
  });

  it('hands on the network of the surroundings', () => {
    assert.equal(adapted.environment?.IPPOOL_NETWORK, '10.1.0.0/16');
    assert.equal(service.environment?.IPPOOL_NETWORK, '');
  });
});

async function read(env: Readonly<Record<string, string>>): Promise<ComposeService> {
  const { ippool } = await readCompose(`${ROOT}config/compose.yaml`, env);
  assert.ok(ippool);
  return ippool;
}

/** What stands behind an instruction of the Dockerfile. */
async function dockerfile(instruction: string): Promise<string[]> {
  const text = await readFile(`${ROOT}Dockerfile`, 'utf8');
  return [...text.matchAll(new RegExp(`^${instruction} (.*)$`, 'gm'))].map(([, rest = '']) => rest);
}
