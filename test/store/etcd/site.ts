import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { PoolError } from '../../../src/errors.ts';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { thisProcess } from '../../../src/host/process-identity.ts';
import { EtcdStore, type EtcdStoreOptions } from '../../../src/store/etcd/store.ts';
import { Keys } from '../../../src/store/etcd/keys.ts';
import { EtcdMembership } from '../../../src/store/etcd/membership.ts';
import { put } from '../../../src/store/etcd/operation.ts';
import type { Store } from '../../../src/store/store.ts';
import type { History, Recorded } from '../../../src/store/history.ts';
import { type Etcd, type EtcdOptions, startEtcd } from '../../support/etcd.ts';

/** An etcd that stands for as long as a file of tests runs. */
export class Site {
  readonly etcd: Etcd;
  #places = 0;

  private constructor(etcd: Etcd) {
    this.etcd = etcd;
  }

  static async start(options?: EtcdOptions): Promise<Site> {
    return new Site(await startEtcd(options));
  }

  stop(): Promise<void> {
    return this.etcd.stop();
  }

  /** A prefix that nobody else uses. */
  prefix(): string {
    return `/test/${++this.#places}/`;
  }

  client(t: TestContext, endpoints: readonly string[] = this.etcd.endpoints): EtcdClient {
    const client = new EtcdClient({ endpoints, now: () => Date.now() });
    t.after(() => client.close());
    return client;
  }

  /** A store on a prefix; it is closed with the test. */
  store(
    t: TestContext,
    options: Partial<EtcdStoreOptions> & { readonly endpoints?: readonly string[] } = {},
  ): EtcdStore {
    const { endpoints = this.etcd.endpoints, ...more } = options;
    const store = new EtcdStore({
      client: new EtcdClient({ endpoints, now: () => Date.now() }),
      prefix: this.prefix(),
      node: 'n1',
      self: thisProcess(),
      afterwards: {
        allocation: () => undefined,
        memories: () => ({ before: [], after: [] }),
        network: () => undefined,
      },
      state: () => [],
      members: new EtcdMembership({
        client: new EtcdClient({ endpoints, now: () => Date.now() }),
        keys: new Keys(''),
        tls: undefined,
        now: () => Date.now(),
      }),
      overtaken: () => undefined,
      fatal: (error: PoolError) => {
        throw error;
      },
      log: () => undefined,
      retentionMs: 86_400_000,
      now: () => Date.now(),
      clock: () => performance.now(),
      word: () => randomBytes(8).toString('hex'),
      ...more,
    });
    t.after(() => store.close());
    return store;
  }
}

/** A history whose ids are the numbers of its records, as the suite of the History port counts them. */
export class Numbered implements History {
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  async *search(query: Parameters<History['search']>[0]): AsyncIterable<Recorded> {
    const ids: string[] = [];
    for await (const { id } of this.#history.search({})) ids.unshift(id);
    const { after, ...rest } = query;
    const number = Number(after);
    const isBehind = after !== undefined && number > ids.length;
    const from = after === undefined || isBehind ? {} : { after: ids[number - 1] ?? after };
    for await (const { id, event } of this.#history.search({ ...rest, ...from })) {
      const at = ids.indexOf(id);
      if (at >= 0) yield { id: String(at + 1), event };
    }
  }

  after(position: string): ReturnType<History['after']> {
    return this.#history.after(position);
  }

  isId(text: string): boolean {
    return this.#history.isId(text);
  }
}

/** Commits as a node does that compares nothing. */
export function recorder(client: EtcdClient, prefix: string, delivered: () => Promise<void>): Store['commit'] {
  const keys = new Keys(prefix);
  let n = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (events) => {
    const record = put(keys.event(Date.now(), 'elsewhere', 'b', ++n), JSON.stringify(events));
    await (last = last.then(() => client.txn({ compare: [], success: [put(keys.head, ''), record], failure: [] })));
    await delivered();
  };
}
