import type { EtcdClient } from './client.ts';
import { at } from './operation.ts';

/** A node that has died is gone from the list after this; seconds. */
const LEASE_SECONDS = 15;
const RENEW_MS = 5000;

/** Tells the others where this node answers, for as long as it lives. That it cannot be told stops nothing. */
export class Registration {
  readonly #client: EtcdClient;
  readonly #key: string;
  #lease: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: EtcdClient, key: string) {
    this.#client = client;
    this.#key = key;
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
    if (lease !== undefined) await this.#client.revokeLease(lease).catch(() => undefined); // it ends by itself
  }

  async #renew(facts: () => object): Promise<void> {
    if (this.#lease !== undefined && (await this.#client.keepLease(this.#lease)) === 0) this.#lease = undefined;
    this.#lease ??= (await this.#client.grantLease(LEASE_SECONDS)).ID;
    const value = JSON.stringify(facts());
    const tell = { request_put: { ...at(this.#key), value: Buffer.from(value), lease: this.#lease } };
    await this.#client.txn({ compare: [], success: [tell], failure: [] });
  }
}
