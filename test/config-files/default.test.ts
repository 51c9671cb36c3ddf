import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig, SETTINGS } from '../../src/config/load.ts';
import { STRATEGY_NAMES } from '../../src/pool/strategy.ts';
import { startServer } from '../support/server.ts';

const FILE = fileURLToPath(new URL('../../config/default.json', import.meta.url));

describe('config/default.json', () => {
  it('names every setting and nothing else, in the order of --help', async () => {
    const keys = Object.keys(await settings()).filter((key) => !key.startsWith('//'));
    assert.deepEqual(
      keys,
      SETTINGS.map(({ name }) => name),
    );
  });

  it('says above every setting what it is for', async () => {
    const keys = Object.keys(await settings());
    for (const { name } of SETTINGS) assert.equal(keys[keys.indexOf(name) - 1], `// ${name}`);
    assert.equal(keys.length, 1 + 2 * SETTINGS.length);
  });

  it('shows the default of every setting, in its value or, where the data folder comes first, in the comment', async () => {
    const file = await settings();
    for (const { name, kind, fallback } of SETTINGS) {
      const value = file[name];
      if (kind === 'switch') assert.equal(value, false, name);
      else if (value !== null) assert.equal(String(value), fallback, name);
      else assert.ok(String(file[`// ${name}`]).includes(fallback ?? ''), name);
    }
    for (const name of STRATEGY_NAMES) assert.ok(String(file['// strategy']).includes(name), name);
  });

  it('changes nothing: it gives the settings that no file gives', () => {
    assert.deepEqual(loadConfig({}, FILE, {}), loadConfig({}, undefined, {}));
  });

  it('starts a server', async (t) => {
    const cwd = await folder(t);
    const server = await startServer({ args: ['--config', FILE], cwd });
    t.after(() => server.kill('SIGKILL'));
    const answer = await fetch(new URL('/api/v1/ip/stats', server.url));
    assert.equal(((await answer.json()) as { network: string }).network, '172.16.0.0/24');
    assert.equal((await server.stop()).code, 0);
  });
});

type Value = string | number | boolean | null;

async function settings(): Promise<Record<string, Value>> {
  return JSON.parse(await readFile(FILE, 'utf8')) as Record<string, Value>;
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ippool-config-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
