import type { Flag } from '../command.ts';
import type { Input } from '../input.ts';

/** A command that asks no service. What it does is imported when it runs. */
export interface LocalCommand {
  /** Such as `cluster init`. */
  readonly words: string;
  readonly help: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Returns the exit code. */
  run(input: Input): Promise<number>;
}
