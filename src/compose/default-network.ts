import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Config, DEFAULT_NETWORK, DEFAULT_STRATEGY } from '../config/load.ts';
import { formatAddress } from '../net/address.ts';
import { contains, firstHost, formatCidr } from '../net/cidr.ts';
import { decideAddNetwork, decideUpdateNetwork } from '../pool/decide/network.ts';
import { PoolError } from '../errors.ts';
import type { Origin, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import { DEFAULT_NETWORK_ID } from '../service/networks.ts';
import type { Store } from '../store/store.ts';

/** Commits until a node gives up because other nodes were first each time. */
const ATTEMPTS = 16;

/** The network of the settings of `serve`: added to an empty store, and never replaced afterwards. */
export class DefaultNetwork {
  readonly #config: Config;
  readonly #pool: Pool;

  constructor(config: Config, pool: Pool) {
    this.#config = config;
    this.#pool = pool;
  }

  /** The network; undefined when an operator has removed it. */
  get network(): Network | undefined {
    return this.#pool.find(DEFAULT_NETWORK_ID);
  }

  /** Checks the settings before anything is created. @throws PoolError `usage` */
  check(origin: Origin): void {
    const { network, memory, data, etcd } = this.#config;
    if (network !== undefined || memory || etcd || !existsSync(data)) this.#create(origin);
  }

  /**
   * Checks that the settings belong to the data. Running VMs have addresses of the network in the data folder, so another
   * network is refused.
   *
   * @throws PoolError `data_mismatch`
   */
  accept(origin: Origin, isEmpty: boolean): void {
    const { network: setting, gateway, data, etcd, etcdPrefix } = this.#config;
    const known = this.network;
    if (!known) {
      if (isEmpty || setting) this.#create(origin);
      return;
    }
    const stored = `${known.cidrText} with gateway ${known.gatewayText ?? 'none'}`;
    const isOther = setting && !contains(known.cidr, setting); // an operator may have enlarged it
    if (!isOther && (gateway === undefined || gateway.value === known.gateway)) return;
    const flag = isOther
      ? `--network ${formatCidr(setting)}`
      : `--gateway ${gateway ? formatAddress(gateway.family, gateway.value) : ''}`;
    const [place, remedy] = etcd
      ? [`the cluster at ${etcdPrefix}`, 'another --etcd-prefix']
      : [resolve(data), 'another --data folder'];
    throw new PoolError(
      'data_mismatch',
      `${place} belongs to ${stored}, not to ${flag}: omit the flag to continue with it, or use ${remedy}`,
      { network: known.cidrText, gateway: known.gatewayText },
    );
  }

  /**
   * Makes the network agree with the settings, durably. When other nodes share the store, one of them may be first: then it
   * looks again, and checks the settings against what the other has made.
   *
   * @param isEmpty whether the store has no events
   * @throws PoolError `data_mismatch`, and what a commit throws
   */
  async bringUp(store: Pick<Store, 'commit'>, origin: () => Origin, isEmpty: () => boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (this.#config.etcd) this.accept(origin(), isEmpty()); // a journal checks before it changes its folder
      const events = this.settle(origin(), isEmpty());
      if (events.length === 0) return;
      try {
        await store.commit(events);
        return;
      } catch (error) {
        if (!(error instanceof PoolError) || error.code !== 'conflict' || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Decides what makes the network agree with the settings; no event when it does.
   *
   * @param isEmpty whether the store has no events: a network that was removed is added again only when it is named
   */
  settle(origin: Origin, isEmpty: boolean): PoolEvent[] {
    const { network, exclude: excluded, strategy } = this.#config;
    const known = this.network;
    if (known) return asFlags(() => decideUpdateNetwork(this.#pool, known, { excluded, strategy }, origin));
    return isEmpty || network ? this.#create(origin) : [];
  }

  #create(origin: Origin): PoolEvent[] {
    const { network: cidr = DEFAULT_NETWORK, gateway, exclude = [], strategy = DEFAULT_STRATEGY } = this.#config;
    const spec = {
      cidr,
      gateway: gateway ?? { family: cidr.family, value: firstHost(cidr) },
      excluded: exclude,
      strategy,
    };
    return asFlags(() => decideAddNetwork(this.#pool, DEFAULT_NETWORK_ID, spec, origin));
  }
}

/** The settings that the fields of a network come from. */
const FLAGS: ReadonlyMap<unknown, string> = new Map([
  ['cidr', '--network'],
  ['gateway', '--gateway'],
  ['excluded', '--exclude'],
]);

/** An error about a field of the network, as one about the setting that the field comes from. */
function asFlags(decide: () => PoolEvent[]): PoolEvent[] {
  try {
    return decide();
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    const flag = FLAGS.get(error.details.field);
    if (flag === undefined) throw error;
    throw new PoolError(error.code, `${flag}: ${error.message}`, { ...error.details, field: flag }, error);
  }
}
