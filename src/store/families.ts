import { PoolError } from '../errors.ts';

/**
 * An event of any family. Its family knows the rest of it; the fields below mean the same in every family, and are what
 * the history finds events by.
 */
export interface DomainEvent {
  readonly type: string;
  /** When it happened; milliseconds since 1970. Absent in what only snapshots hold. */
  readonly at?: number;
  /** Id of the network that it belongs to. */
  readonly network?: string;
  /** The VRF of that network, where the event states it; absent: `default`, or that of the network. */
  readonly vrf?: string;
  readonly vm_id?: string;
  /** The address that it is about, or the first of a range that ends with `end_ip`; canonical text. */
  readonly ip?: string;
  readonly end_ip?: string;
  /** A range or a CIDR that it is about, as it was written. */
  readonly range?: string;
  readonly cidr?: string;
}

/**
 * The events of one subject and the state that they lead to. An event type belongs to one family. Everything that reads
 * or writes events (journal, snapshots, verify, repair, export, migration) goes through {@link Families} and knows no
 * type by name.
 */
export interface Family<E extends DomainEvent = DomainEvent> {
  /** Recorded in the head of a snapshot; never changes. */
  readonly name: string;
  readonly types: readonly E['type'][];
  /** The rule that an event breaks, given the state; undefined: none. Called before each event is applied. */
  violation(event: E): string | undefined;
  /** Changes the state. Cannot fail for an event without a violation. */
  apply(event: E): void;
  /**
   * The shortest history that leads to the current state. The state is that of the moment of the call; the events are
   * made one by one as they are read, while the state may go on changing.
   */
  snapshot(): Iterable<E>;
  readonly offline: OfflineFamily<E>;
}

/** What the commands need that work on a data folder while no server uses it. */
export interface OfflineFamily<E extends DomainEvent = DomainEvent> {
  /** The same family without any state. */
  empty(): Family<E>;
  /** Whether there is nothing in the state that is worth keeping. */
  isEmpty(): boolean;
  /** What an event of a snapshot counts as in a summary, in the plural: `allocations`; undefined: it is not counted. */
  kindOf(event: E): string | undefined;
  /** The part of an event of a snapshot that every replay of the same history leads to; undefined: none. */
  afterReplay(event: E): DomainEvent | undefined;
  /** The part of an event of a snapshot that is the same in another store that the state is moved to; undefined: none. */
  afterMove(event: E): DomainEvent | undefined;
  /** Applies an event that has a violation because records before it are lost: the later record is the true one. */
  overrule(event: E): void;
  /** The current state for people and programs, by section; a section name belongs to one family. */
  export(): Readonly<Record<string, Iterable<object>>>;
}

/** Receives the events of a data folder; {@link Families} is one. */
export type EventSink = Pick<Families, 'requireKnown' | 'admit'>;

/** A snapshot of all families. */
export interface FamiliesSnapshot {
  /** Names of the families that have events in it. */
  readonly families: readonly string[];
  readonly events: Iterable<DomainEvent>;
}

/** The registry: all families of a store with their states. */
export class Families {
  readonly #families: readonly Family[];
  readonly #byType = new Map<string, Family>();
  /** The type that was looked up last, and its family: most events of a long replay have the same type. */
  #type: string | undefined;
  #family: Family | undefined;

  /** @throws Error when two families have the same name or the same type */
  constructor(families: readonly Family[]) {
    this.#families = families;
    const names = new Set<string>();
    for (const family of families) {
      if (names.has(family.name)) throw new Error(`Two event families have the name ${family.name}`);
      names.add(family.name);
      for (const type of family.types) {
        const other = this.#byType.get(type);
        if (other) throw new Error(`Event type ${type} belongs to the families ${other.name} and ${family.name}`);
        this.#byType.set(type, family);
      }
    }
  }

  /** The same families without any state. */
  empty(): Families {
    return new Families(this.#families.map((family) => family.offline.empty()));
  }

  /** The rule that an event breaks; undefined: none. @throws PoolError `data_mismatch` for an unknown type */
  violation(event: DomainEvent): string | undefined {
    return this.#of(event).violation(event);
  }

  /** Changes the state of the event's family. @throws PoolError `data_mismatch` for an unknown type */
  apply(event: DomainEvent): void {
    this.#of(event).apply(event);
  }

  /** Applies an event that breaks no rule; otherwise returns the rule. @throws PoolError as {@link violation} */
  admit(event: DomainEvent): string | undefined {
    const family = this.#of(event);
    const violation = family.violation(event);
    if (violation === undefined) family.apply(event);
    return violation;
  }

  /** Applies an event although it has a violation; see {@link OfflineFamily.overrule}. */
  overrule(event: DomainEvent): void {
    this.#of(event).offline.overrule(event);
  }

  /** The shortest history that leads to the states of all families at the moment of the call. */
  snapshot(): FamiliesSnapshot {
    const parts = this.#families.flatMap((family) => {
      const rest = family.snapshot()[Symbol.iterator]();
      const first = rest.next();
      return first.done ? [] : [{ name: family.name, first: first.value, rest: { [Symbol.iterator]: () => rest } }];
    });
    const events = function* () {
      for (const { first, rest } of parts) {
        yield first;
        yield* rest;
      }
    };
    return { families: parts.map(({ name }) => name), events: events() };
  }

  /** @throws PoolError `data_mismatch` when a name is that of no family: a later version wrote it */
  requireKnown(names: readonly string[]): void {
    const unknown = names.find((name) => !this.#families.some((family) => family.name === name));
    if (unknown !== undefined) throw unknownToThisBuild('events of the family', unknown);
  }

  /** Whether no family has a state that is worth keeping. */
  isEmpty(): boolean {
    return this.#families.every((family) => family.offline.isEmpty());
  }

  /** See {@link OfflineFamily.kindOf}. */
  kindOf(event: DomainEvent): string | undefined {
    return this.#of(event).offline.kindOf(event);
  }

  /** See {@link OfflineFamily.afterReplay}. */
  afterReplay(event: DomainEvent): DomainEvent | undefined {
    return this.#of(event).offline.afterReplay(event);
  }

  /** See {@link OfflineFamily.afterMove}. */
  afterMove(event: DomainEvent): DomainEvent | undefined {
    return this.#of(event).offline.afterMove(event);
  }

  /** All sections of all families. */
  *export(): Generator<readonly [section: string, items: Iterable<object>]> {
    for (const family of this.#families) yield* Object.entries(family.offline.export());
  }

  #of({ type }: DomainEvent): Family {
    if (type === this.#type && this.#family) return this.#family;
    const family = this.#byType.get(type);
    if (!family) throw unknownToThisBuild('an event of the type', type);
    this.#type = type;
    this.#family = family;
    return family;
  }
}

function unknownToThisBuild(what: string, name: string): PoolError {
  return new PoolError(
    'data_mismatch',
    `The data holds ${what} ${name}, which this ippool does not know. Nothing was changed. Start it with the newer ippool that wrote it`,
    { name },
  );
}
