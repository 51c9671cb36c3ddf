import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file of a folder with its bytes, as latin1 text, which is readable in a failure. Equal results: no change. */
export function contentsOf(dir: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((name) => [name, readFileSync(join(dir, name), 'latin1')]),
  );
}

/** The only file of a folder with this pattern, as a path. @throws Error when there is none or more than one */
export function fileLike(dir: string, pattern: RegExp): string {
  const found = readdirSync(dir).filter((name) => pattern.test(name));
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} files are like ${pattern.source}`);
  return join(dir, found[0]);
}
