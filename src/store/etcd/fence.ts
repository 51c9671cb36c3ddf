import { PoolError } from '../../errors.ts';
import type { EtcdClient } from './client.ts';
import type { KeyValue } from './messages.ts';
import { at, hasValue, isAbsent, isAtRevision, put, read } from './operation.ts';

/** Another process writes as this node. */
export class FenceLost extends Error {
  override readonly name = 'FenceLost';
}

/**
 * The word under which this process writes: a key of its node holds it, and every transaction compares it. With a new word
 * nothing that was sent under an old one can count any more, however late it arrives.
 */
export class Fence {
  readonly #client: EtcdClient;
  readonly key: string;
  readonly #moving: string;
  readonly #word: () => string;
  #boot = '';
  #next = '';
  /** Made once: an attempt of unknown outcome may have put it, and is no stranger to the next. */
  #first: string | undefined;

  /**
   * @param moving while this key is there nobody takes a node
   * @param word makes a word that nobody has ever had
   */
  constructor(client: EtcdClient, key: string, moving: string, word: () => string) {
    this.#client = client;
    this.key = key;
    this.#moving = moving;
    this.#word = word;
  }

  get boot(): string {
    return this.#boot;
  }

  /** Takes the node over from whoever had it. One attempt. @throws PoolError `data_mismatch` while a migration goes on */
  async take(): Promise<void> {
    const { kvs } = await this.#client.range(at(this.key));
    const before = kvs[0];
    const boot = (this.#first ??= this.#word());
    const compare = before ? isAtRevision(this.key, Number(before.mod_revision)) : isAbsent(this.key);
    const { succeeded, responses } = await this.#client.txn({
      compare: [compare, isAbsent(this.#moving)],
      success: [put(this.key, boot)],
      failure: [read(this.#moving), read(this.key)],
    });
    if (!succeeded && responses[0]?.response_range?.kvs.length === 1) {
      const why = 'a migration to it goes on, or was broken off: run ippool migrate to its end';
      throw new PoolError('data_mismatch', `What the cluster holds is half: ${why}`, { key: this.#moving });
    }
    const isOurs = succeeded || responses[1]?.response_range?.kvs[0]?.value === boot;
    if (!isOurs) throw new FenceLost('Another process takes this node id over at the same time');
    this.#boot = boot;
  }

  /**
   * Goes on under a new word, made once and tried until it holds: an attempt of unknown outcome may still arrive, and
   * finds then that it is done.
   *
   * @returns the new word, to be handed to {@link raised} with every attempt
   */
  raise(): string {
    return (this.#next = this.#word());
  }

  /** Looks whether it is still ours: who writes nothing would find out late. @throws FenceLost, EtcdError */
  async check(): Promise<void> {
    const before = this.#boot;
    const { kvs } = await this.#client.range(at(this.key));
    if (![before, this.#boot, this.#next].includes(kvs[0]?.value ?? '')) throw this.lost();
  }

  /**
   * One attempt to raise it.
   *
   * @returns the revision behind which nothing of the old word can come
   * @throws FenceLost when somebody else has it; EtcdError when it is not known
   */
  async raised(word: string): Promise<number> {
    const { succeeded, header, responses } = await this.#client.txn({
      compare: [hasValue(this.key, this.#boot)],
      success: [put(this.key, word)],
      failure: [read(this.key)],
    });
    if (succeeded) {
      this.#boot = word;
      return Number(header.revision);
    }
    const found: KeyValue | undefined = responses[0]?.response_range?.kvs[0];
    if (found?.value !== word) throw this.lost();
    this.#boot = word;
    return Number(found.mod_revision);
  }

  lost(): FenceLost {
    return new FenceLost(`Another process uses this node id, or the node was removed: ${this.key}`);
  }
}
