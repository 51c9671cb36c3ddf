import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { type Column, drawTable, layOut } from './table.ts';

/** A row may be drawn in a table, and stands for a value that is printed as JSON. */
export interface Listed<T> {
  readonly columns: readonly Column<T>[];
  /** Printed instead of a table without rows. */
  readonly none: string;
}

/** Standard output, or a file. */
export interface Sink extends Writable {
  readonly isTTY?: boolean;
}

/** Rows from which the widths of the columns are taken; what is wider further down sticks out. */
const MEASURED = 1000;

/** Standard output: tables on a terminal, aligned text into a pipe, or JSON. */
export class Output {
  readonly isJson: boolean;
  readonly #stdout: Sink;

  constructor(stdout: Sink, isJson: boolean) {
    this.#stdout = stdout;
    this.isJson = isJson;
  }

  async write(text: string): Promise<void> {
    if (!this.#stdout.write(text)) await once(this.#stdout, 'drain');
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  json(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value, undefined, 2));
  }

  /** A value, or what it says to a person: a line, and facts below it. Facts without a value are left out. */
  async value(value: unknown, title: string, facts: readonly (readonly [string, string | undefined])[] = []) {
    if (this.isJson) return this.json(value);
    const known = facts.filter(([, text]) => text !== undefined && text !== '');
    const width = Math.max(12, ...known.map(([name]) => name.length + 1));
    await this.line(known.length === 0 ? title : `${title}:`);
    for (const [name, text] of known) await this.line(`  ${`${name}:`.padEnd(width)} ${text ?? ''}`);
  }

  /** A list: an array a line per item, or a table. */
  async list<T>(items: AsyncIterable<T> | Iterable<T>, { columns, none }: Listed<T>): Promise<void> {
    if (this.isJson) return this.#jsonLines(items);
    const first: T[] = [];
    const iterator = toAsync(items);
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      first.push(next.value);
      if (first.length >= MEASURED && this.#stdout.isTTY !== true) break;
    }
    if (first.length === 0) return this.line(none);
    if (this.#stdout.isTTY === true) {
      // A column that says nothing would only make every line wrap.
      const shown = columns.filter(({ cell }) => first.some((item) => cell(item) !== ''));
      const rows = first.map((item) => shown.map(({ cell }) => cell(item)));
      return this.line(await drawTable(shown, rows));
    }
    const cells = (item: T) => columns.map(({ cell }) => cell(item));
    const layout = layOut(columns, first.map(cells));
    await this.write(`${layout(columns.map(({ head }) => head))}\n`);
    for (const item of first) await this.write(`${layout(cells(item))}\n`);
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      await this.write(`${layout(cells(next.value))}\n`);
    }
  }

  async #jsonLines<T>(items: AsyncIterable<T> | Iterable<T>): Promise<void> {
    let before = '[\n';
    for await (const item of items) {
      await this.write(`${before}${JSON.stringify(item)}`);
      before = ',\n';
    }
    await this.write(before === ',\n' ? '\n]\n' : '[]\n');
  }
}

/** `1 row`, `2 rows`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

async function* toAsync<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void> {
  yield* items;
}
