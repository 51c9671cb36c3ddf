import type { Raw } from '../config/load.ts';
import { setIn } from '../config/environment.ts';
import { PoolError } from '../errors.ts';

/** What a command needs to find the service; the data folder stands for one, when it is set. */
export interface Target {
  readonly server: string;
  readonly db: string | undefined;
  readonly actor: string | undefined;
}

const DEFAULT_SERVER = 'http://127.0.0.1:8080';
const ACTOR = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;

/** Strongest first: --server or --db, IPPOOL_SERVER, IPAM_DB_PATH, default. @throws PoolError `usage` */
export function targetOf(flags: Raw, env: NodeJS.ProcessEnv): Target {
  if (flags.server !== undefined && flags.db !== undefined) {
    throw new PoolError('usage', '--server and --db are two places: leave one away', { field: '--db' });
  }
  const [server, source] =
    flags.server === undefined ? [setIn(env, 'IPPOOL_SERVER'), 'IPPOOL_SERVER'] : [flags.server, '--server'];
  const db = flags.db ?? (server === undefined ? setIn(env, 'IPAM_DB_PATH') : undefined);
  const written = /^\w+:\/\//.test(String(server)) ? String(server) : `http://${String(server)}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  const isFit = url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (server !== undefined && !isFit) {
    throw new PoolError(
      'usage',
      `${source} must be an http or https URL without a password, such as ${DEFAULT_SERVER}`,
      {
        field: source,
      },
    );
  }
  if (flags.actor !== undefined && !ACTOR.test(String(flags.actor))) {
    throw new PoolError('usage', '--actor must be 1 to 128 printable ASCII characters', { field: '--actor' });
  }
  const user = setIn(env, 'USER');
  return {
    server: server === undefined ? DEFAULT_SERVER : written,
    db: db === undefined ? undefined : String(db),
    actor:
      flags.actor === undefined ? (user !== undefined && ACTOR.test(user) ? user : undefined) : String(flags.actor),
  };
}
