import type { PoolError } from '../../errors.ts';
import type { PoolEvent } from '../../pool/events.ts';
import { Delivery, type Deliver } from '../delivered.ts';
import type { Membership } from '../membership.ts';
import type { ReplicatedStore } from '../replicated-store.ts';
import type { StoreHealth } from '../store.ts';
import type { History } from '../history.ts';
import type { DomainEvent } from '../families.ts';
import type { Afterwards } from './afterwards.ts';
import { Barrier, PATIENCE_MS } from './barrier.ts';
import type { EtcdClient } from './client.ts';
import { Commit } from './commit.ts';
import { eventsOf } from './events-of.ts';
import { goneBack } from './failure.ts';
import { unavailable } from '../unavailable.ts';
import { Fence } from './fence.ts';
import { EtcdHistory } from './history.ts';
import { Inspection } from './inspection.ts';
import { Keys } from './keys.ts';
import { load } from './load.ts';
import { missed } from './missed.ts';
import type { KeyValue } from './messages.ts';
import { at } from './operation.ts';
import type { Reader } from './pages.ts';
import { patiently } from './patience.ts';
import { planOf } from './plan.ts';
import { requirePoolEvents } from './pool-events.ts';
import { Registration, type Self } from './registration.ts';
import { Replica, type Revision } from './replica.ts';
import { Retention } from './retention.ts';
import { Writer } from './writer.ts';

export interface EtcdStoreOptions {
  readonly client: EtcdClient;
  /** Below which all keys are. */
  readonly prefix: string;
  /** Of this node: no two processes at a time. `self` is this one. */
  readonly node: string;
  readonly self: Self;
  readonly afterwards: Afterwards;
  /** The shortest history that leads to what this node holds, of the moment when it is called. */
  readonly state: () => Iterable<PoolEvent>;
  /** The members of the cluster. */
  readonly members: Membership;
  /** Told what another node was before with: whoever goes on from there meets it again. */
  readonly overtaken: (events: readonly PoolEvent[]) => void;
  /** Told when the process has to end: another one writes as this node, or what was missed cannot be had any more. */
  readonly fatal: (error: PoolError) => void;
  readonly log: (level: 'info' | 'warn', facts: object, message: string) => void;
  /** For how long the history is kept; milliseconds. */
  readonly retentionMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds, never going back. */
  readonly clock: () => number;
  /** A word that nobody has ever had. */
  readonly word: () => string;
}

const HEARTBEAT_MS = 1000;
/** After a revision is known to be written; a watch that has not told it by then is at a member that has stopped. */
const LOOK_MS = 700;

/**
 * A store that many nodes share: an etcd cluster. Every node decides on a copy of its own of all that is, and etcd lets a
 * decision count only when what it was made on still holds.
 *
 *     commit ──► plan ──► writer ──► etcd ──► replica ──► deliver, then the commit resolves
 *                                      ▲
 *                      other nodes ────┘
 */
export class EtcdStore implements ReplicatedStore {
  readonly #options: EtcdStoreOptions;
  readonly #keys: Keys;
  readonly #fence: Fence;
  readonly #replica: Replica;
  readonly #writer: Writer;
  readonly #barrier = new Barrier(() => this.#catchUp());
  readonly #registration: Registration;
  readonly #retention: Retention;
  readonly #inspection: Inspection;
  readonly history: History;
  /** Names this process in the keys of its records. */
  readonly #life: string;
  #state: 'closed' | 'open' | 'dead' = 'closed';
  #deliver: Deliver = () => undefined;
  #count = 0;
  /** The time of the newest record, so that history is in the order in which it happened whatever the clocks say. */
  #time = 0;
  /** The latest time that an event told. */
  #latest = 0;
  /** The time of the newest record that was delivered. */
  #told = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #heard = 0;

  constructor(options: EtcdStoreOptions) {
    const { client, prefix, node, log, clock, word } = options;
    this.#options = options;
    this.#keys = new Keys(prefix);
    this.#life = word();
    this.#fence = new Fence(client, this.#keys.fence(node), this.#keys.moving, word);
    this.#replica = new Replica({
      client,
      range: this.#keys.delivered,
      deliver: (revision) => this.#tell(revision),
      clock,
      lost: (error) => this.#die(unavailable(`what was missed cannot be read: ${error.message}`, error)),
      missed: (from) => missed(client, this.#keys, { revision: from, time: this.#told }),
      log,
    });
    this.#writer = new Writer({
      client,
      fence: this.#fence,
      head: { key: this.#keys.head, value: () => String(this.#latest) },
      hear: (revision) => this.#hear(revision),
      catchUp: () => this.#catchUp(),
      clock,
      overtaken: options.overtaken,
      fatal: (error) => this.#die(error),
      log,
    });
    this.#registration = new Registration({
      client,
      key: this.#keys.node(node),
      nodes: this.#keys.family('node'),
      now: options.now,
      clock,
      self: options.self,
      log,
    });
    const notForgotten = (err: unknown) => log('warn', { err }, 'what is old was not deleted: tried again in an hour');
    this.#retention = new Retention(client, this.#keys, notForgotten);
    this.#inspection = new Inspection({
      client,
      keys: this.#keys,
      revision: () => this.#replica.revision,
      state: options.state,
      found: (what, facts) => this.#contradicted(what, facts),
    });
    this.history = new EtcdHistory(client, this.#keys, () => this.#replica.revision);
  }

  get members(): Membership {
    return this.#options.members;
  }

  /** The newest revision that has been delivered. */
  get revision(): number {
    return this.#replica.revision;
  }

  /** Milliseconds to add to this machine's clock to have that of most nodes; 0 while it agrees. */
  get skew(): number {
    return this.#registration.skew;
  }

  async open(deliver: Deliver): Promise<void> {
    const { client, clock, log } = this.#options;
    this.#deliver = deliver;
    const started = clock();
    await this.#registration.alone();
    await patiently(() => this.#fence.take(), this.#options);
    await patiently(() => this.#registration.look(), this.#options);
    // Page by page: what has been delivered is of one revision, and stays so.
    const reader: Reader = { range: (request) => patiently(() => client.range(request), this.#options) };
    const revision = await load(reader, this.#keys, (events, revision) => {
      for (const event of events) this.#note(event);
      deliver(new Delivery(revision, 'replay', events));
    });
    this.#told = this.#latest;
    this.#replica.open(revision);
    this.#state = 'open';
    this.#heard = clock();
    this.#retention.open(this.#options.retentionMs, () => this.#options.now() + this.#registration.behind);
    this.#inspection.open();
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
    log('info', { revision, ms: Math.round(clock() - started) }, 'all that the cluster holds is read');
  }

  async commit(all: readonly DomainEvent[]): Promise<void> {
    const events = requirePoolEvents(all);
    if (this.#state !== 'open') throw unavailable('this node is not open');
    for (const event of events) this.#note(event);
    this.#time = Math.max(this.#time, this.#options.now(), this.#latest);
    const record = this.#keys.event(this.#time, this.#options.node, this.#life, ++this.#count);
    const { revision } = this.#replica;
    const plan = planOf(events, { keys: this.#keys, revision, record, afterwards: this.#options.afterwards });
    const commit = new Commit({ events, plan, record, revision, handedIn: this.#options.clock() });
    this.#writer.add(commit);
    await commit.settled;
  }

  async barrier(): Promise<void> {
    if (this.#state !== 'open') throw unavailable('this node is not open');
    await this.#barrier.pass();
  }

  /** Resolves when a revision, and everything before it, has been delivered here. @throws PoolError `store_unavailable` */
  async reached(revision: number): Promise<void> {
    if (revision <= this.#replica.revision) return;
    await this.barrier(); // whoever knows of it has it from a node that had it
  }

  health(): StoreHealth {
    if (this.#state === 'closed') return { writable: false, reason: 'not open' };
    const { trouble } = this.#writer;
    if (trouble !== undefined) return { writable: false, reason: trouble };
    const isSilent = this.#options.clock() - this.#heard > PATIENCE_MS;
    return isSilent ? { writable: false, reason: 'etcd does not answer' } : { writable: true, reason: 'ok' };
  }

  /** Tells the other nodes about this one. @param facts asked for anew each time */
  register(facts: () => object): void {
    this.#registration.open(facts);
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#closing ??= this.#close();
    await this.#closing;
  }

  /** Delivers the records of one revision together: a position is a revision, so no listener can stop between them. */
  #tell({ revision, puts }: Revision): void {
    const own: Commit[] = [];
    const batches: (readonly PoolEvent[])[] = [];
    for (const kv of puts) {
      const { key } = kv;
      if (!this.#keys.isEvent(key)) continue;
      this.#told = Math.max(this.#told, this.#keys.timeOf(key));
      const commit = this.#writer.take(key);
      if (commit) {
        own.push(commit);
        batches.push(commit.events);
        continue;
      }
      const events = this.#read(kv);
      for (const event of events) this.#note(event);
      this.#time = Math.max(this.#time, this.#keys.timeOf(key) + 1);
      batches.push(events);
    }
    const [first] = batches;
    if (!first) return;
    const events = batches.length === 1 ? first : batches.flat();
    // A transaction has one writer: a record that is not ours means another node, or a commit that has been given up.
    const isOwn = own.length === batches.length;
    this.#deliver(new Delivery(revision, isOwn ? 'own' : 'other', events));
    for (const commit of own) commit.resolve();
  }

  /** What is of nobody's record may have changed anything: whoever begins anew reads what is. */
  #read(kv: KeyValue): PoolEvent[] {
    try {
      return eventsOf(kv);
    } catch (error) {
      this.#die(unavailable((error as Error).message, error));
      return [];
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#retention.close();
    this.#inspection.close();
    await this.#writer.close();
    await this.#registration.close();
    this.#replica.close();
    this.#options.client.close();
  }

  #note(event: PoolEvent): void {
    if ('at' in event && event.at > this.#latest) this.#latest = event.at;
  }

  /** Reads the newest revision, and waits until it has been delivered. */
  async #catchUp(): Promise<void> {
    const before = this.#replica.revision;
    const { kvs, header } = await this.#options.client.range(at(this.#keys.head));
    if (Number(header.revision) < before) throw this.#die(goneBack(before, header.revision));
    await this.#hear(Number(kvs[0]?.mod_revision ?? 0));
    this.#replica.pass(Number(header.revision)); // the head is put with everything that is delivered
    this.#heard = this.#options.clock();
  }

  async #hear(revision: number): Promise<void> {
    if (revision <= this.#replica.revision) return;
    const silence = setInterval(() => this.#replica.moveOn(), LOOK_MS);
    try {
      await this.#replica.reached(revision);
    } finally {
      clearInterval(silence);
    }
  }

  #beat(): void {
    this.#barrier.pass().catch(() => undefined); // health tells
    void this.#writer.probe();
  }

  /** A node that has missed something begins anew. Owners decide no address: what stands by address goes on to count. */
  #contradicted(what: 'replica' | 'owners', facts: object): void {
    this.#options.log('warn', facts, `etcd holds other ${what} than it should, or this node does`);
    if (what === 'replica') this.#die(unavailable('this node and etcd hold different things: it has to start anew'));
  }

  /** Looks whether this node and etcd agree; it does so by itself from time to time. @throws EtcdError */
  inspect(): Promise<void> {
    return this.#inspection.look();
  }

  #die(error: PoolError): PoolError {
    this.#state = 'dead';
    clearInterval(this.#heartbeat);
    this.#options.fatal(error);
    return error;
  }
}
