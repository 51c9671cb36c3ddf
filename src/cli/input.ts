import { PoolError } from '../errors.ts';

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** What stood on the command line, read by name. Every method throws `usage` that names the flag. */
export class Input {
  readonly #flags: Readonly<Record<string, unknown>>;
  readonly #operands: readonly string[];

  constructor(flags: Readonly<Record<string, unknown>>, operands: readonly string[]) {
    this.#flags = flags;
    this.#operands = operands;
  }

  /** The words behind the command. */
  get operands(): readonly string[] {
    return this.#operands;
  }

  /** The one word behind the command. */
  get operand(): string | undefined {
    return this.#operands[0];
  }

  text(name: string): string | undefined {
    const value = this.#flags[name];
    if (value === undefined) return undefined;
    if (Array.isArray(value)) throw refused(name, 'is given more than once');
    if (typeof value !== 'string') throw refused(name, 'needs a value'); // --no-name
    if (value === '') throw refused(name, 'needs a value');
    return value;
  }

  /** Separated by commas, or given more than once; `none`: the empty list. */
  list(name: string): string[] | undefined {
    const value = this.#flags[name];
    if (value === undefined) return undefined;
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    const parts = texts.flatMap((text) => (typeof text === 'string' ? text.split(',') : ['']));
    if (parts.length === 1 && parts[0] === 'none') return [];
    const trimmed = parts.map((part) => part.trim());
    if (trimmed.includes('')) throw refused(name, 'must be a list separated by commas, or none');
    return trimmed;
  }

  /** Undefined when neither --name nor --no-name stands there. */
  switch(name: string): boolean | undefined {
    const value = this.#flags[name];
    if (value === undefined || typeof value === 'boolean') return value;
    throw refused(name, 'is given more than once');
  }

  on(name: string): boolean {
    return this.switch(name) === true;
  }

  whole(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw refused(name, `must be a whole number from ${min} to ${max}`);
  }

  /** Seconds, written so or as 90m, 12h, 7d. */
  seconds(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, digits, unit = 's'] = /^(\d{1,10})([smhd])?$/.exec(text) ?? [];
    if (digits === undefined) throw refused(name, 'must be seconds, or a time such as 90m, 12h or 7d');
    return Number(digits) * UNITS[unit as keyof typeof UNITS];
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name);
    const found = words.find((word) => word === text);
    if (text !== undefined && found === undefined) throw refused(name, `must be one of ${words.join(', ')}`);
    return found;
  }

  /** A time of RFC 3339, or a date; as RFC 3339 in UTC. */
  time(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(time)) throw refused(name, 'must be a time such as 2026-01-31T12:00:00Z, or a date');
    return new Date(time).toISOString();
  }
}

export function refused(name: string, rule: string): PoolError {
  return new PoolError('usage', `--${name} ${rule}`, { field: `--${name}` });
}

export function missing(what: string, example: string): PoolError {
  return new PoolError('usage', `Name ${what}: ippool ${example}`);
}
