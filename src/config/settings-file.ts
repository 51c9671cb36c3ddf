import { readFileSync } from 'node:fs';
import { PoolError } from '../errors.ts';
import { SETTINGS } from './settings.ts';

/**
 * Reads a file of settings: a JSON object with the names of the flags as keys. `null` means not set; keys that begin
 * with `//` are comments.
 *
 * @throws PoolError `usage` when the file cannot be read, is no JSON object, or has an unknown key
 */
export function readSettingsFile(path: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const { message } = cause as Error;
    throw new PoolError('usage', `Cannot read the settings in ${path}: ${message}`, { field: 'config' }, cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new PoolError('usage', `${path} must contain one JSON object`, { field: 'config' });
  }
  const settings = Object.entries(parsed).filter(([key]) => !key.startsWith('//'));
  const known = new Set(SETTINGS.map(({ name }) => name));
  const unknown = settings.find(([key]) => !known.has(key));
  if (unknown) {
    throw new PoolError('usage', `Unknown key "${unknown[0]}" in ${path}: see config/default.json for all keys`);
  }
  return Object.fromEntries(settings);
}
