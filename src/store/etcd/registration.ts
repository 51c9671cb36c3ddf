import { PoolError } from '../../errors.ts';
import type { EtcdClient } from './client.ts';
import { type KeyRange, nodeOf } from './keys.ts';
import type { KeyValue } from './messages.ts';
import { at, within } from './operation.ts';
import { patiently } from './patience.ts';
import { skewOf } from './skew.ts';

/** A node that has died is gone from the list after this; seconds. */
const LEASE_SECONDS = 15;
const RENEW_MS = 5000;
const LOOK_MS = 500;

/** This process, and whether another one has ended. */
export interface Self {
  readonly name: string;
  readonly hasEnded: (name: string) => boolean;
}

export interface RegistrationOptions {
  readonly client: Pick<EtcdClient, 'range' | 'txn' | 'grantLease' | 'keepLease' | 'revokeLease'>;
  /** The key of this node, among those of all. */
  readonly key: string;
  readonly nodes: KeyRange;
  /** Milliseconds since 1970, as this machine tells it. */
  readonly now: () => number;
  /** Milliseconds, never going back. */
  readonly clock: () => number;
  readonly self: Self;
  readonly log: (level: 'info' | 'warn', facts: object, message: string) => void;
}

/** What another node has told, and when it was heard first: what is not told anew grows old. */
interface Heard {
  readonly revision: string;
  readonly time: number;
  readonly at: number;
}

/**
 * Tells the others where this node answers and what time it is for it, for as long as it lives, and hears the same of
 * them. That it cannot be told stops nothing.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  #heard: ReadonlyMap<string, Heard> = new Map();
  #skew = 0;
  #behind = 0;
  #lease: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Milliseconds to add to this machine's clock; see {@link skewOf}. */
  get skew(): number {
    return this.#skew;
  }

  /** Milliseconds to add to have the clock that is furthest behind: what cannot be taken back is done by that one. */
  get behind(): number {
    return this.#behind;
  }

  /**
   * Waits until nobody else is this node. One that was killed is still in the list for a while: whoever is known to be gone
   * is not waited for.
   *
   * @throws PoolError `data_locked` when somebody is
   */
  async alone(): Promise<void> {
    const { client, key, log, self } = this.#options;
    let seen: string | undefined;
    for (;;) {
      const { kvs } = await patiently(() => client.range(at(key)), this.#options);
      const [there] = kvs;
      if (!there || self.hasEnded(toldAt(there)?.process ?? '')) return;
      if (seen === undefined)
        log('warn', {}, `${key} was told of a moment ago: waiting until that node is gone, or tells again`);
      else if (seen !== there.mod_revision) throw inUse(there);
      seen = there.mod_revision;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Hears what time it is for the others. */
  async look(): Promise<void> {
    const { client, nodes } = this.#options;
    this.#hear((await client.range(within(nodes))).kvs);
  }

  /** @param facts asked for anew each time */
  open(facts: () => object): void {
    // A lease is kept while nothing can be put, in an etcd that is full: who is not in the list is not asked for the time.
    const renew = () => void this.#renew(facts).catch(() => undefined);
    renew();
    this.#timer = setInterval(renew, RENEW_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const lease = this.#lease;
    if (lease !== undefined) await this.#options.client.revokeLease(lease).catch(() => undefined); // it ends by itself
  }

  async #renew(facts: () => object): Promise<void> {
    const { client, key, nodes, now, self } = this.#options;
    if (this.#lease !== undefined && (await client.keepLease(this.#lease)) === 0) this.#lease = undefined;
    this.#lease ??= (await client.grantLease(LEASE_SECONDS)).ID;
    const value = JSON.stringify({ ...facts(), clock: now(), process: self.name });
    const tell = { request_put: { ...at(key), value, lease: this.#lease } };
    const ask = { request_range: within(nodes) };
    const { responses } = await client.txn({ compare: [], success: [tell, ask], failure: [] });
    this.#hear(responses[1]?.response_range?.kvs ?? []);
  }

  #hear(kvs: readonly KeyValue[]): void {
    const { key, now, clock, log } = this.#options;
    const heard = new Map<string, Heard>();
    for (const kv of kvs) {
      const before = this.#heard.get(kv.key);
      const isNew = before?.revision !== kv.mod_revision;
      if (kv.key !== key)
        heard.set(kv.key, isNew ? { revision: kv.mod_revision, time: clockOf(kv), at: clock() } : before);
    }
    this.#heard = heard;
    const others = [...heard.values()].map(({ time, at }) => time + clock() - at).filter(Number.isFinite);
    const skew = skewOf(now(), others);
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
    this.#behind = Math.min(0, ...others.map((other) => other - now()));
  }
}

function clockOf(kv: KeyValue): number {
  return Number(toldAt(kv)?.clock);
}

function inUse(kv: KeyValue): PoolError {
  const why = `Node id ${nodeOf(kv.key)} is in use: another node answers at ${toldAt(kv)?.url ?? 'an unknown address'}`;
  return new PoolError('data_locked', `${why}. Give every node a --node-id of its own`, { field: 'node-id' });
}

function toldAt({ value }: KeyValue): { url?: string; clock?: number; process?: string } | undefined {
  try {
    return (JSON.parse(value) as { clock?: number } | null) ?? undefined;
  } catch {
    return undefined;
  }
}
