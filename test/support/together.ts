import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Loads all tests of a folder into this process: most of the time of a small file goes into starting its own. */
export async function together(folder: URL): Promise<void> {
  const files = readdirSync(fileURLToPath(folder)).filter((name) => name.endsWith('.test.ts'));
  for (const file of files.sort()) await import(new URL(file, folder).href);
}
