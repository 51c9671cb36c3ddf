import type { EtcdClient } from './client.ts';
import type { KeyRange } from './keys.ts';
import type { KeyValue } from './messages.ts';
import { at, within } from './operation.ts';
import { skewOf } from './skew.ts';

/** A node that has died is gone from the list after this; seconds. */
const LEASE_SECONDS = 15;
const RENEW_MS = 5000;

export interface RegistrationOptions {
  readonly client: EtcdClient;
  /** The key of this node, among those of all. */
  readonly key: string;
  readonly nodes: KeyRange;
  /** Milliseconds since 1970, as this machine tells it. */
  readonly now: () => number;
  readonly log: (level: 'info' | 'warn', facts: object, message: string) => void;
}

/**
 * Tells the others where this node answers and what time it is for it, for as long as it lives, and hears the same of
 * them. That it cannot be told stops nothing.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  #skew = 0;
  #lease: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Milliseconds to add to this machine's clock; see {@link skewOf}. */
  get skew(): number {
    return this.#skew;
  }

  /** Hears what time it is for the others. */
  async look(): Promise<void> {
    const { client, nodes } = this.#options;
    this.#hear((await client.range(within(nodes))).kvs);
  }

  /** @param facts asked for anew each time */
  open(facts: () => object): void {
    const renew = () => void this.#renew(facts).catch(() => (this.#lease = undefined));
    renew();
    this.#timer = setInterval(renew, RENEW_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const lease = this.#lease;
    if (lease !== undefined) await this.#options.client.revokeLease(lease).catch(() => undefined); // it ends by itself
  }

  async #renew(facts: () => object): Promise<void> {
    const { client, key, nodes, now } = this.#options;
    if (this.#lease !== undefined && (await client.keepLease(this.#lease)) === 0) this.#lease = undefined;
    this.#lease ??= (await client.grantLease(LEASE_SECONDS)).ID;
    const value = JSON.stringify({ ...facts(), clock: now() });
    const tell = { request_put: { ...at(key), value, lease: this.#lease } };
    const ask = { request_range: within(nodes) };
    const { responses } = await client.txn({ compare: [], success: [tell, ask], failure: [] });
    this.#hear(responses[1]?.response_range?.kvs ?? []);
  }

  #hear(kvs: readonly KeyValue[]): void {
    const { key, now, log } = this.#options;
    const others = kvs.filter((kv) => kv.key !== key).map(clockOf);
    const skew = skewOf(now(), others.filter(Number.isFinite));
    const seconds = Math.round(-skew / 1000);
    if (skew !== 0 && this.#skew === 0) {
      log(
        'warn',
        { ahead_seconds: seconds },
        'the clock of this machine is wrong, or most others are: going by theirs',
      );
    } else if (skew === 0 && this.#skew !== 0) {
      log('info', {}, 'the clock of this machine agrees with the others again');
    }
    this.#skew = skew;
  }
}

function clockOf({ value }: KeyValue): number {
  try {
    return Number((JSON.parse(value) as { clock?: number }).clock);
  } catch {
    return Number.NaN;
  }
}
