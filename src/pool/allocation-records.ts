import { Allocation, ownerKey } from './allocation.ts';
import { ByteReader, ByteWriter } from '../collections/bytes.ts';
import type { Attributes } from './events.ts';
import type { Bounds } from '../collections/intervals.ts';
import { byteAt, SlabAllocator } from '../collections/slab-allocator.ts';

/** What there may be beside time, offset and VM id. Its number is its place here, from 1; the first is the most common one. */
const FACTS = [
  'hostname',
  'expires_at',
  'more',
  'nic',
  'key',
  'mac',
  'description',
  'tags',
  'ttl',
  'prefix_length',
  'missing_since',
] as const;
type Fact = (typeof FACTS)[number];

const NUMBER_OF = Object.fromEntries(FACTS.map((fact, index) => [fact, index + 1])) as Readonly<Record<Fact, number>>;
const NUMBERS: readonly string[] = ['expires_at', 'ttl', 'prefix_length', 'missing_since'] satisfies Fact[];

const OFFSET_LENGTH = 0x1f;
const IS_RANGE = 0x20;
/** By more than its VM id. */
const IS_NAMED_FURTHER = 0x40;

/**
 * Allocations as bytes, each in a slot of {@link SlabAllocator} and known by its number: 48 bytes with a VM id of 17 characters, a
 * host name of 14 and an address of a /8, 56 in an IPv6 network.
 *
 *     0              8      9
 *     | allocated_at | head | offset | vm_id | fact, text | fact, text | … | 0 |
 *
 * The head says how long the offset is, and what else to look for. Facts are only those that there are, in any order; all
 * of them are texts, in JSON where they are not. A 0 ends them unless the slot does.
 *
 * Not columns: what is asked for together stands together, in one or two lines of the cache; nothing but a slot has to
 * be given back, and nothing is rare enough to cost what an entry of a Map does.
 */
export class AllocationRecords implements Bounds<number> {
  readonly #slabs = new SlabAllocator();
  readonly #writer = new ByteWriter();
  readonly #reader = new ByteReader();

  /** How many bytes the records take, with what is free between them. */
  get size(): number {
    return this.#slabs.size;
  }

  add(allocation: Allocation): number {
    const { offset, last, vm_id, nic, key, attributes, allocated_at } = allocation;
    const writer = this.#writer;
    writer.at = 9;
    const length = writer.whole(offset);
    writer.text(vm_id);
    let head = length;
    if (last !== offset) {
      head |= IS_RANGE;
      this.#write('more', String(last - offset));
    }
    if (nic !== '' || key !== undefined) {
      head |= IS_NAMED_FURTHER;
      if (nic !== '') this.#write('nic', nic);
      if (key !== undefined) this.#write('key', key);
    }
    for (const name in attributes) {
      const value = attributes[name as keyof Attributes]; // an allocation has no others
      this.#write(name as keyof Attributes, typeof value === 'object' ? JSON.stringify(value) : String(value));
    }
    writer.bytes[8] = head;
    const record = this.#slabs.put(writer.bytes, writer.at);
    this.#slabs.setDouble(record, allocated_at);
    return record;
  }

  /** Gives the place of a record to others. */
  delete(record: number): void {
    this.#slabs.free(record);
  }

  read(record: number): Allocation {
    const reader = this.#open(record);
    const offset = reader.whole(reader.byte() & OFFSET_LENGTH);
    const vm_id = reader.text();
    const facts: (string | undefined)[] = [];
    const end = this.#slabs.endOf(record);
    for (let fact = nextFact(reader, end); fact > 0; fact = nextFact(reader, end)) facts[fact - 1] = reader.text();
    const allocated_at = this.#slabs.doubleOf(record);
    const [hostname] = facts;
    if (facts.length <= 1) {
      const attributes = hostname === undefined ? {} : { hostname }; // nearly all
      return new Allocation({ vm_id, nic: '' }, offset, offset, allocated_at, attributes);
    }
    const { more = 0, nic = '', key, ...attributes } = named(facts);
    return new Allocation({ vm_id, nic, key }, offset, offset + BigInt(more), allocated_at, attributes);
  }

  offset(record: number): bigint {
    const reader = this.#open(record);
    return reader.whole(reader.byte() & OFFSET_LENGTH);
  }

  last(record: number): bigint {
    const reader = this.#open(record);
    const head = reader.byte();
    const offset = reader.whole(head & OFFSET_LENGTH);
    return head & IS_RANGE ? offset + BigInt(this.#fact(record, 'more') ?? 0) : offset;
  }

  /** When it ends by itself; milliseconds since 1970. */
  expiresAt(record: number): number | undefined {
    const text = this.#fact(record, 'expires_at');
    return text === undefined ? undefined : Number(text);
  }

  /** Whether its owner has this for its {@link ownerKey}. */
  isOwnedBy(record: number, key: string): boolean {
    const reader = this.#open(record);
    const head = reader.byte();
    if (head & IS_NAMED_FURTHER) return ownerKey(this.read(record)) === key;
    reader.skip(head & OFFSET_LENGTH);
    return key !== '' && reader.isText(key);
  }

  hasMac(record: number, mac: string): boolean {
    return this.#fact(record, 'mac') === mac;
  }

  #write(fact: Fact, text: string): void {
    this.#writer.byte(NUMBER_OF[fact]);
    this.#writer.text(text);
  }

  #open(record: number): ByteReader {
    return this.#reader.open(this.#slabs.bytesOf(record), byteAt(record) + 8);
  }

  #fact(record: number, wanted: Fact): string | undefined {
    const reader = this.#open(record);
    reader.skip(reader.byte() & OFFSET_LENGTH);
    reader.skipText();
    const end = this.#slabs.endOf(record);
    for (let fact = nextFact(reader, end); fact > 0; fact = nextFact(reader, end)) {
      if (fact === NUMBER_OF[wanted]) return reader.text();
      reader.skipText();
    }
    return undefined;
  }
}

/** The number of the fact that a reader is at; 0 when there are no more. */
function nextFact(reader: ByteReader, end: number): number {
  return reader.at < end ? reader.byte() : 0;
}

/** Facts by their names, as what they are. */
function named(facts: readonly (string | undefined)[]): Attributes & Partial<Record<'more' | 'nic' | 'key', string>> {
  const values: Record<string, unknown> = {};
  for (const [index, text] of facts.entries()) {
    const fact = FACTS[index];
    if (text === undefined || fact === undefined) continue;
    values[fact] = fact === 'tags' ? JSON.parse(text) : NUMBERS.includes(fact) ? Number(text) : text;
  }
  return values;
}
