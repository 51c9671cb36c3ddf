import { PoolError } from '../errors.ts';
import { setIn } from './environment.ts';
import { type Setting, SETTINGS } from './settings.ts';

/** Settings as text or true/false, by name; undefined: not set. */
export type Raw = Readonly<Record<string, string | boolean | undefined>>;

/** Where settings come from, the one that takes precedence first. */
export interface SettingSources {
  readonly flags: Raw;
  readonly env: NodeJS.ProcessEnv;
  readonly file: FileValues | undefined;
  /** The settings that a cluster file implies. */
  readonly cluster: FileValues | undefined;
}

interface FileValues {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A value, and the name that an error message gives its source. */
interface Found {
  readonly value: unknown;
  readonly source: string;
  readonly kind: Setting['kind'];
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

/** The value of each setting from the source that takes precedence. */
export class SettingValues {
  readonly #values = new Map<string, Found>();

  constructor({ flags, env, file, cluster }: SettingSources) {
    for (const { name, kind, variable: alias } of SETTINGS) {
      const variable = `IPPOOL_${name.toUpperCase().replaceAll('-', '_')}`;
      const candidates: [unknown, string][] = [
        [flags[name], `--${name}`],
        [setIn(env, variable), variable],
        [alias === undefined ? undefined : setIn(env, alias), alias ?? ''],
        [file?.values[name] ?? undefined, `"${name}" in ${file?.path ?? ''}`],
        [cluster?.values[name], `the value of ${cluster?.path ?? ''} for ${name}`],
      ];
      const [value, source] = candidates.find(([candidate]) => candidate !== undefined) ?? [];
      if (value !== undefined && source !== undefined) this.#values.set(name, { value, source, kind });
    }
  }

  /** A value as it was read; undefined when it is not set. */
  valueOf(name: string): unknown {
    return this.#values.get(name)?.value;
  }

  /**
   * A value as text, parsed; undefined when it is not set.
   *
   * @param parse returns undefined or NaN for a text that it refuses
   * @param rule  completes an error message that begins with the source and the value, such as `must be a folder`
   * @throws PoolError `usage`
   */
  text<T>(name: string, parse: (text: string) => T | undefined, rule: string): T | undefined {
    const found = this.#values.get(name);
    if (!found) return undefined;
    const text = textOf(found);
    const parsed = text === undefined ? undefined : parse(text);
    if (parsed === undefined || Number.isNaN(parsed)) throw usage(found, rule);
    return parsed;
  }

  /** A value as true or false; false when it is not set. @throws PoolError `usage` */
  flag(name: string): boolean {
    const found = this.#values.get(name);
    const value = found && SWITCH.get(String(found.value).toLowerCase());
    if (found && value === undefined) throw usage(found, 'must be true or false');
    return value ?? false;
  }
}

/** A setting as one text; undefined when it cannot be one. Only a list may be an array, or appear more than once. */
function textOf({ value, kind }: Pick<Found, 'value' | 'kind'>): string | undefined {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (kind !== 'list' || !Array.isArray(value)) return undefined;
  const texts = value.map((part: unknown) => textOf({ value: part, kind: 'text' }));
  if (texts.includes(undefined)) return undefined;
  return texts.length === 0 ? 'none' : texts.join(',');
}

function usage({ value, source }: Found, rule: string): PoolError {
  if (Array.isArray(value)) return new PoolError('usage', `${source} is set more than once`, { field: source });
  if (value === '') return new PoolError('usage', `${source} needs a value: it ${rule}`, { field: source });
  return new PoolError('usage', `${source} ${JSON.stringify(value)} ${rule}`, { field: source });
}
