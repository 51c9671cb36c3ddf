import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where a program that was unpacked finds the libraries that came with it. */
export function libraries(root: string): NodeJS.ProcessEnv {
  const lib = join(root, 'usr/lib');
  const folders = readdirSync(lib).filter((name) => name.includes('-linux-gnu'));
  return { LD_LIBRARY_PATH: folders.map((name) => join(lib, name)).join(':') };
}
