import { parseAddress } from '../../net/address.ts';

/*
 * Where everything stands, below a prefix such as /ippool/v1/:
 *
 *   ev/{time}/{node}/{boot}/{n}   the events of one commit: what is delivered, and the history, newest first
 *   fence/{node}                  boot id of the process that may write for a node
 *   gen/{network}                 changes whenever what may be given in a network does; gen/* when networks come and go
 *   head                          is put by every transaction: its revision is that of the newest
 *     ------ one watch over [ev/, ip/) sees all of the above
 *   ip/{network}/{address}        a live allocation, at its first address
 *   join/{node}                   the address of a member that was added, which has no name until it starts
 *   mem/{network}/{address}/{owner}   a released one that is kept in mind for its owner, and may be cooling
 *   mem/{network}/{address}/      one that is only cooling; no address does so twice
 *   moved                         by whose word everything was brought here
 *   moving                        while everything is brought here from elsewhere: no node may start
 *   net/{network}                 a network
 *   node/{node}                   where a node's API answers, for as long as it lives
 *   res/{network}/{reservation}
 *   vm/{network}/{owner}          the address that an owner holds
 *
 * Times count down, so that the newest is read first and with a limit: etcd sorts by reading everything. Texts from outside
 * are escaped, so that none can leave its place.
 */

/** From a key to before another. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

const FAMILIES = ['ev', 'fence', 'gen', 'ip', 'join', 'mem', 'net', 'node', 'res', 'vm'] as const;

const TIME_DIGITS = 12;
const A_TIME = /^[\da-f]{12}\//;
const LATEST = 16 ** TIME_DIGITS - 1;

export class Keys {
  readonly #prefix: string;
  /** What the watch sees. */
  readonly delivered: KeyRange;
  readonly events: KeyRange;
  readonly head: string;
  readonly anyNetwork: string;

  constructor(prefix: string) {
    this.#prefix = prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.delivered = { from: `${this.#prefix}ev/`, to: `${this.#prefix}ip/` };
    this.events = this.family('ev');
    this.head = `${this.#prefix}head`;
    this.anyNetwork = `${this.#prefix}gen/*`;
  }

  /** All keys of a kind. */
  family(kind: (typeof FAMILIES)[number]): KeyRange {
    return below(`${this.#prefix}${kind}/`);
  }

  /** All keys of a kind of one network. */
  familyOf(kind: 'ip' | 'mem' | 'res' | 'vm', network: string): KeyRange {
    return below(`${this.#prefix}${kind}/${escape(network)}/`);
  }

  /** @param time milliseconds since 1970 @param n number of the commit in its process */
  event(time: number, node: string, boot: string, n: number): string {
    return `${this.events.from}${countdown(time)}/${escape(node)}/${escape(boot)}/${countdown(n)}`;
  }

  /** The time in a key of events. */
  timeOf(eventKey: string): number {
    return LATEST - Number.parseInt(eventKey.slice(this.events.from.length, this.events.from.length + TIME_DIGITS), 16);
  }

  /** Events up to a time: those are behind this key, which none has. */
  eventsUntil(time: number): KeyRange {
    return { from: `${this.events.from}${countdown(time)}`, to: this.events.to };
  }

  /** Nothing else that somebody puts there. */
  isEvent(key: string): boolean {
    return key.startsWith(this.events.from) && A_TIME.test(key.slice(this.events.from.length));
  }

  generation(network: string): string {
    return `${this.#prefix}gen/${escape(network)}`;
  }

  allocation(network: string, ip: string): string {
    return this.#at('ip', network, ip);
  }

  /** @param owner for whom it is kept in mind; "" for nobody */
  memory(network: string, ip: string, owner: string): string {
    return `${this.#at('mem', network, ip)}/${escape(owner)}`;
  }

  /** The keys of all that begins at addresses of a range. */
  span(kind: 'ip' | 'mem', network: string, first: string, last: string): KeyRange {
    return { from: this.#at(kind, network, first), to: `${this.#at(kind, network, last)}0` }; // behind all with a /
  }

  owner(network: string, owner: string): string {
    return `${this.#prefix}vm/${escape(network)}/${escape(owner)}`;
  }

  network(network: string): string {
    return `${this.#prefix}net/${escape(network)}`;
  }

  reservation(network: string, reservation: string): string {
    return `${this.#prefix}res/${escape(network)}/${escape(reservation)}`;
  }

  fence(node: string): string {
    return `${this.#prefix}fence/${escape(node)}`;
  }

  node(node: string): string {
    return `${this.#prefix}node/${escape(node)}`;
  }

  place(node: string): string {
    return `${this.#prefix}join/${escape(node)}`;
  }

  /** Everything of ours but `moving`. Below the prefix may be that of another cluster, which is none of it. */
  get all(): readonly KeyRange[] {
    return [...FAMILIES.map((kind) => this.family(kind)), only(this.head), only(this.moved)];
  }

  get moving(): string {
    return `${this.#prefix}moving`;
  }

  get moved(): string {
    return `${this.#prefix}moved`;
  }

  #at(kind: 'ip' | 'mem', network: string, ip: string): string {
    return `${this.#prefix}${kind}/${escape(network)}/${hexOf(ip)}`;
  }
}

/** The node in a key that ends with it. */
export function nodeOf(key: string): string {
  return unescape(key.slice(key.lastIndexOf('/') + 1));
}

/** An address so that keys are in the order of addresses: 8 digits, or 32. */
function hexOf(ip: string): string {
  const address = parseAddress(ip);
  if (!address) throw new Error(`${ip} is no address`);
  return address.value.toString(16).padStart(address.family === 4 ? 8 : 32, '0');
}

function countdown(value: number): string {
  return (LATEST - value).toString(16).padStart(TIME_DIGITS, '0');
}

function only(key: string): KeyRange {
  return { from: key, to: `${key}\0` };
}

function below(prefix: string): KeyRange {
  const last = prefix.charCodeAt(prefix.length - 1);
  return { from: prefix, to: prefix.slice(0, -1) + String.fromCharCode(last + 1) };
}

/** Two texts never become the same, whatever is in them: half a surrogate too. */
function escape(text: string): string {
  return text.replaceAll(/[^\w-]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function unescape(text: string): string {
  return text.replaceAll(/%([\da-f]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
