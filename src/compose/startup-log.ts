import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import { notify } from '../host/systemd.ts';
import { packageVersion } from '../host/version.ts';
import type { Pool } from '../pool/pool.ts';
import type { Clock } from '../service/clock.ts';
import type { DefaultNetwork } from './default-network.ts';

const HOUR_MS = 60 * 60 * 1000;

/** Warns when this machine's clock is more than an hour behind the newest record: lease times would run ahead of it. */
export function logClock(log: Logger, clock: Clock, latest: number): void {
  if (clock.ahead() <= HOUR_MS) return;
  const facts = { ahead_seconds: Math.round(clock.ahead() / 1000), latest: new Date(latest).toISOString() };
  log.warn(facts, 'the clock of this machine is behind what was written down: time goes on from there');
}

/** Logs what this node serves, once it does, and tells systemd. */
export function logReady(config: Config, log: Logger, url: string, pool: Pool, { network }: DefaultNetwork): void {
  for (const name of config.unknownVariables)
    log.warn(`${name} in the environment is no setting of ippool: see ippool --help`);
  if (config.memory) log.warn('--memory: nothing is written down, all allocations are lost when this process ends');
  const facts = network && {
    network: network.cidrText,
    gateway: network.gatewayText ?? null,
    excluded: network.settings.excluded,
    strategy: network.settings.strategy,
    allocated: Number(network.allocated),
    available: Number(network.available),
  };
  const count = [...pool.networks].length;
  const what = network
    ? `${network.cidrText} with gateway ${network.gatewayText ?? 'none'}, ${network.allocated} of ${network.allocated + network.available} addresses given${count > 1 ? `, and ${count - 1} more ${count === 2 ? 'network' : 'networks'}` : ''}`
    : `no network of its own, ${count === 1 ? '1 other' : `${count} others`}`;
  const data = config.memory || config.etcd ? null : resolve(config.data);
  const elsewhere = config.etcd
    ? `kept in etcd at ${config.etcdPrefix} by node ${config.nodeId}`
    : 'kept in memory only';
  const kept = data === null ? elsewhere : `kept in ${data}`;
  log.info({ url, ...facts, networks: count, data, version: packageVersion() }, `ready on ${url}: ${what}, ${kept}`);
  notify(
    config.notifySocket,
    log,
    'READY=1',
    `STATUS=Giving addresses of ${network?.cidrText ?? `${count} ${count === 1 ? 'network' : 'networks'}`} on ${url}`,
  );
}
