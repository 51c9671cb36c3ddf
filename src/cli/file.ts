import { readFileSync } from 'node:fs';
import { PoolError } from '../errors.ts';

/** By its number: what a program hands us may be a socket, which cannot be opened by name. */
const STANDARD_INPUT = 0;

/** All of a file, or of standard input. @throws PoolError `usage` */
export function readText(file: string, field: string): string {
  try {
    return readFileSync(isStandardInput(file) ? STANDARD_INPUT : file, 'utf8');
  } catch (cause) {
    throw new PoolError('usage', `Cannot read ${file}: ${(cause as Error).message}`, { field }, cause);
  }
}

export function isStandardInput(file: string): boolean {
  return file === '-' || file === '/dev/stdin';
}
