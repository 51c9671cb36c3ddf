import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Loads all tests below a folder into this process: most of the time of a small file goes into starting its own. */
export async function together(folder: URL): Promise<void> {
  const files = readdirSync(fileURLToPath(folder), { recursive: true }) as string[];
  for (const file of files.filter((name) => name.endsWith('.test.ts')).sort()) await import(new URL(file, folder).href);
}
