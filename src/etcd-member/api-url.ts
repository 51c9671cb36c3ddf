import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// Where the node that has a data folder answers, for `cluster status`: its port is a flag of `serve`, not in cluster.json.

const NAME = 'api-url';

/** That it cannot be noted stops nothing. */
export async function noteApiUrl(dataDir: string, url: string): Promise<void> {
  await writeFile(join(dataDir, NAME), `${url}\n`).catch(() => undefined);
}

export function notedApiUrl(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, NAME), 'utf8').trim();
  } catch {
    return undefined;
  }
}
