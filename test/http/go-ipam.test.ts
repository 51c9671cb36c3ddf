import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../support/server.ts';
import { missingTools } from '../support/tools.ts';

// The curl lines of go-ipam's README and of its docs/API.md, but for the port and the ids.

const run = promisify(execFile);

describe('the quick start of go-ipam, by curl', { skip: missingTools({ curl: 'curl' }) }, () => {
  const data = mkdtempSync(join(tmpdir(), 'ippool-go-ipam-'));
  let server: Awaited<ReturnType<typeof startServer>>;
  before(async () => {
    server = await startServer({ args: ['--data', data] });
  });
  after(async () => {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const sh = async (line: string) => {
    const { stdout } = await run('sh', ['-c', line.replaceAll('http://localhost:8080', server.url)]);
    return stdout;
  };

  it('works line for line', async () => {
    const network = JSON.parse(
      await sh(`curl -s -X POST http://localhost:8080/api/v1/networks \\
  -H "Content-Type: application/json" \\
  -d '{"cidr": "10.0.0.0/16", "description": "Production network"}'`),
    ) as { id: string; cidr: string; description: string; tags: string[]; created_at: string };
    assert.match(network.id, /^net-/);
    assert.deepEqual([network.cidr, network.description, network.tags], ['10.0.0.0/16', 'Production network', []]);

    const allocation = JSON.parse(
      await sh(`curl -s -X POST http://localhost:8080/api/v1/allocations \\
  -H "Content-Type: application/json" \\
  -d '{"network_id": "${network.id}", "hostname": "app-server"}'`),
    ) as { id: string; network_id: string; ip: string; status: string };
    assert.deepEqual(
      [allocation.network_id, allocation.ip, allocation.status],
      [network.id, '10.0.0.1', 'allocated'], // no gateway: the first host address
    );

    const health = JSON.parse(await sh('curl -s http://localhost:8080/api/v1/health')) as object;
    assert.deepEqual(
      { ...health, version: 0, uptime_seconds: 0 },
      {
        ...{ status: 'healthy', service: 'ipam', cluster_mode: false },
        ...{ version: 0, uptime_seconds: 0 },
      },
    );
    const released = `curl -s -o /dev/null -w '%{http_code}' -X POST http://localhost:8080/api/v1/allocations/${allocation.id}/release`;
    assert.equal(await sh(released), '204');
    const all = JSON.parse(await sh('curl -s "http://localhost:8080/api/v1/allocations?all=true"')) as object[];
    assert.deepEqual(
      all.map(({ ip, status }: { ip?: string; status?: string }) => [ip, status]),
      [['10.0.0.1', 'released']],
    );
    const audit = JSON.parse(await sh('curl -s "http://localhost:8080/api/v1/audit?limit=3"')) as { action: string }[];
    assert.deepEqual(
      audit.map(({ action }) => action),
      ['ip_released', 'ip_allocated', 'network_added'],
    );
    const stats = JSON.parse(await sh(`curl -s http://localhost:8080/api/v1/networks/${network.id}/stats`)) as object;
    assert.equal((stats as { total_ips: number }).total_ips, 65_536);
    assert.equal(
      await sh(`curl -s -o /dev/null -w '%{http_code}' -X DELETE http://localhost:8080/api/v1/networks/${network.id}`),
      '204',
    );
  });
});
