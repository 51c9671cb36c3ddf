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

/** The network that the settings of `serve` speak of: made in an empty folder, kept to ever after. */
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

  /** Looks whether the settings can be met, before anything is made. @throws PoolError `usage` */
  check(origin: Origin): void {
    const { network, memory, data, etcd } = this.#config;
    if (network !== undefined || memory || etcd || !existsSync(data)) this.#create(origin);
  }

  /**
   * Looks whether a folder is the one that the settings mean. A data folder remembers its network: VMs out there have
   * addresses of it.
   *
   * @throws PoolError `data_mismatch`
   */
  accept(origin: Origin, isEmpty: boolean): void {
    const { network: asked, gateway, data, etcd, etcdPrefix } = this.#config;
    const known = this.network;
    if (!known) {
      if (isEmpty || asked) this.#create(origin);
      return;
    }
    const held = `${known.cidrText} with gateway ${known.gatewayText ?? 'none'}`;
    const otherNetwork = asked && !contains(known.cidr, asked); // it may have grown in service
    if (!otherNetwork && (gateway === undefined || gateway.value === known.gateway)) return;
    const flag = otherNetwork
      ? `--network ${formatCidr(asked)}`
      : `--gateway ${gateway ? formatAddress(gateway.family, gateway.value) : ''}`;
    const [place, remedy] = etcd
      ? [`the cluster at ${etcdPrefix}`, 'another --etcd-prefix']
      : [resolve(data), 'another --data folder'];
    throw new PoolError(
      'data_mismatch',
      `${place} belongs to ${held}, not to ${flag}: leave the flag away to go on with it, or use ${remedy}`,
      { network: known.cidrText, gateway: known.gatewayText },
    );
  }

  /**
   * What makes the network as the settings say; no event when it is.
   *
   * @param isEmpty whether nothing ever happened: a network that was removed is made again only by name
   */
  settle(origin: Origin, isEmpty: boolean): PoolEvent[] {
    const { network, exclude: excluded, strategy } = this.#config;
    const known = this.network;
    if (known) return asFlags(() => decideUpdateNetwork(this.#pool, known, { excluded, strategy }, origin));
    return isEmpty || network ? this.#create(origin) : [];
  }

  #create(origin: Origin): PoolEvent[] {
    const { network: cidr = DEFAULT_NETWORK, gateway, exclude = [], strategy = DEFAULT_STRATEGY } = this.#config;
    const wish = {
      cidr,
      gateway: gateway ?? { family: cidr.family, value: firstHost(cidr) },
      excluded: exclude,
      strategy,
    };
    return asFlags(() => decideAddNetwork(this.#pool, DEFAULT_NETWORK_ID, wish, origin));
  }
}

const FLAGS: Readonly<Record<string, string>> = { cidr: '--network', gateway: '--gateway', excluded: '--exclude' };

/** A refusal begins with the field that it is about: here that is a setting. */
function asFlags(decide: () => PoolEvent[]): PoolEvent[] {
  try {
    return decide();
  } catch (error) {
    const field = error instanceof PoolError ? String(error.details.field) : '';
    const flag = FLAGS[field];
    if (!(error instanceof PoolError) || flag === undefined || !error.message.startsWith(`${field} `)) throw error;
    throw new PoolError(error.code, flag + error.message.slice(field.length), { ...error.details, field: flag }, error);
  }
}
