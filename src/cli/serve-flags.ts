import type { Raw } from '../config/load.ts';
import { DEFAULT_FILE } from '../config/cluster-file.ts';
import { PoolError } from '../errors.ts';

/** Settings from the flags of `serve`: those that go-ipam calls otherwise under our names. With --cluster, --config is the cluster file. */
export function serveFlags(flags: Raw): Raw & { readonly config: string | undefined } {
  const { config, address, db, cluster, ...settings } = flags;
  if (config !== undefined && typeof config !== 'string') {
    throw new PoolError('usage', '--config takes one file, once', { field: '--config' });
  }
  return {
    ...settings,
    ...(cluster === true ? { cluster: config ?? DEFAULT_FILE } : {}),
    ...(db === undefined ? {} : { data: settings.data ?? db }),
    ...(address === undefined ? {} : split(address)),
    config: cluster === true ? undefined : config,
  };
}

/** `host:port`, `[v6]:port` or `:port`. */
function split(address: unknown): Raw {
  const match = typeof address === 'string' ? /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(address) : null;
  if (!match) throw new PoolError('usage', '--address must be host:port', { field: '--address' });
  const host = match[1] ?? match[2];
  return { port: match[3], ...(host === '' ? {} : { host }) };
}
