import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Server, startServer } from '../support/server.ts';

/**
 * What clients of the Rust ippool do, above all mikrom-py's: it sends `"hostname": null` for none, raises on every
 * status of 400 and more except that 404 means "none", and reads `ip`.
 */
class IppoolClient {
  readonly #base: string;

  constructor(url: string) {
    this.#base = `${url}/api/v1`;
  }

  async health(): Promise<boolean> {
    const answer = await fetch(`${this.#base}/health`);
    return answer.ok && ((await answer.json()) as { status: string }).status === 'healthy';
  }

  async allocate(vm_id: string, hostname: string | null = null): Promise<{ ip: string; gateway: string }> {
    const answer = await fetch(`${this.#base}/ip/allocate`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: '*/*', 'User-Agent': 'python-httpx/0.27.0' },
      body: JSON.stringify({ vm_id, hostname }),
    });
    if (!answer.ok) throw new Error(`${answer.status}: ${((await answer.json()) as { error: string }).error}`);
    return (await answer.json()) as { ip: string; gateway: string };
  }

  async release(vm_id: string): Promise<boolean> {
    const answer = await fetch(`${this.#base}/ip/release/${vm_id}`, { method: 'DELETE' });
    if (answer.status === 404) return false;
    if (!answer.ok) throw new Error(String(answer.status));
    return true;
  }

  async get(vm_id: string): Promise<{ ip: string; vm_id: string } | null> {
    const answer = await fetch(`${this.#base}/ip/${vm_id}`);
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()) as { ip: string; vm_id: string };
  }

  async list(): Promise<{ ip: string; vm_id: string }[]> {
    return (await (await fetch(`${this.#base}/ip/allocations`)).json()) as { ip: string; vm_id: string }[];
  }

  async stats(): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.#base}/ip/stats`)).json()) as Record<string, unknown>;
  }
}

describe('a client of the Rust ippool', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ippool-client-'));
  let server: Server;
  let client: IppoolClient;

  before(async () => {
    server = await startServer({ args: ['--data', dir, '--network', '172.16.0'] });
    client = new IppoolClient(server.url);
  });
  after(async () => {
    await server.kill('SIGKILL');
    rmSync(dir, { recursive: true });
  });

  it('finds the service healthy', async () => {
    assert.equal(await client.health(), true);
  });

  it('starts a VM, asks for its address, and stops it', async () => {
    const vm = 'srv-5f0a9c12'; // the form of mikrom's names
    assert.equal(await client.get(vm), null);
    const given = await client.allocate(vm);
    assert.match(given.ip, /^172\.16\.0\.\d+$/);
    assert.equal(given.gateway, '172.16.0.1');
    assert.equal((await client.get(vm))?.ip, given.ip);
    assert.equal((await client.allocate(vm)).ip, given.ip);
    assert.equal(await client.release(vm), true);
    assert.equal(await client.release(vm), false);
    assert.equal(await client.get(vm), null);
  });

  it('keeps its hostname over a repeat with null', async () => {
    await client.allocate('vm-named', 'web-1');
    const again = (await client.allocate('vm-named', null)) as { hostname?: string };
    assert.equal(again.hostname, 'web-1');
    await client.release('vm-named');
  });

  it('fills the pool from many workers at once, each VM with an address of its own, and reads why there are no more', async () => {
    const vms = Array.from({ length: 253 }, (_, i) => `vm-${i}`);
    const given = await Promise.all(vms.map((vm) => client.allocate(vm)));
    assert.equal(new Set(given.map(({ ip }) => ip)).size, 253);
    await assert.rejects(client.allocate('one-more'), { message: '503: No available IPs in pool' });
    const { network, total, allocated, available, usage } = await client.stats();
    assert.deepEqual(
      { network, total, allocated, available, usage },
      { network: '172.16.0.0/24', total: 253, allocated: 253, available: 0, usage: 100 },
    );
    assert.deepEqual(new Set((await client.list()).map(({ vm_id }) => vm_id)), new Set(vms));
    assert.equal(await client.release('vm-7'), true);
    assert.equal((await client.allocate('one-more')).ip, given[7]?.ip);
  });

  it('finds every address again after a crash', async () => {
    const before = await client.list();
    await server.kill('SIGKILL');
    server = await startServer({ args: ['--data', dir] });
    client = new IppoolClient(server.url);
    assert.deepEqual(await client.list(), before);
    assert.equal((await client.allocate('vm-0')).ip, before.find(({ vm_id }) => vm_id === 'vm-0')?.ip);
  });
});
