import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Loads all tests below a folder into this process: most of the time of a small test file is its process's start. */
export async function importTests(folder: URL): Promise<void> {
  const files = readdirSync(fileURLToPath(folder), { recursive: true }) as string[];
  for (const file of files.filter((name) => name.endsWith('.test.ts')).sort()) await import(new URL(file, folder).href);
}
