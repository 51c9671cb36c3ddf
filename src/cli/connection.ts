import { existsSync } from 'node:fs';
import { Client } from '../client/client.ts';
import { environment } from '../config/load.ts';
import { PoolError } from '../errors.ts';
import type { Input } from './input.ts';
import { targetOf } from './target.ts';

export interface Connection {
  readonly client: Client;
  close(): Promise<void>;
}

/**
 * A client of the service that is running, or of a data folder that this process opens by itself.
 *
 * @param creates whether the folder may be made: a misspelt one must not look like an empty pool
 * @param fatal told when the disk may have lied
 * @throws PoolError `usage`, `data_mismatch`, or what keeps the folder from being opened
 */
export async function connect(input: Input, creates: boolean, fatal: (error: unknown) => void): Promise<Connection> {
  const { server, db, actor } = targetOf(
    { server: input.text('server'), db: input.text('db'), actor: input.text('actor') },
    environment(),
  );
  if (db === undefined) return { client: new Client({ server, actor }), close: () => Promise.resolve() };
  if (!creates && !existsSync(db)) {
    throw new PoolError('data_mismatch', `There is no data folder ${db}: network add and import make one`, { dir: db });
  }
  const [{ openFolder }, { fetchOf }] = await Promise.all([import('../compose/compose.ts'), import('./in-process.ts')]);
  const { handle, close } = await openFolder(db, fatal);
  const fetch = await fetchOf((request, response) => void handle(request, response));
  return { client: new Client({ server: 'http://localhost', actor, fetch }), close };
}
