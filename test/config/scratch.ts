import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { loadConfig, type Raw } from '../../src/config/load.ts';
import { PoolError } from '../../src/errors.ts';

/** A folder that is removed after the tests. */
export const dir = mkdtempSync(join(tmpdir(), 'ippool-config-'));
after(() => rmSync(dir, { recursive: true }));

let files = 0;

/** Writes a file of settings. @returns its path */
export function fileWith(content: unknown): string {
  const path = join(dir, `${++files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

export const variableOf = (name: string) => `IPPOOL_${name.toUpperCase().replaceAll('-', '_')}`;

/** The error with which settings are refused. */
export function refusal(flags: Raw, file?: string, env: NodeJS.ProcessEnv = {}): PoolError {
  try {
    loadConfig(flags, file, env);
  } catch (error) {
    assert.ok(error instanceof PoolError);
    assert.equal(error.code, 'usage');
    return error;
  }
  throw new assert.AssertionError({ message: `accepted: ${JSON.stringify(flags)} ${JSON.stringify(env)}` });
}
