import type { Command } from './command.ts';
import { type Connection, connect } from './connection.ts';
import { exitCodeOf, printError } from './exit.ts';
import { Input } from './input.ts';
import { Output } from './output.ts';

/** Runs a command that speaks to the API; returns the exit code. Throws what went wrong. */
export async function runCommand(
  command: Command,
  flags: Readonly<Record<string, unknown>>,
  operands: readonly string[],
): Promise<number> {
  // `ippool list | head` is no error.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 74));
  const input = new Input(flags, operands);
  let connection: Connection | undefined;
  const fatal = (error: unknown) => {
    printError(error);
    process.exit(exitCodeOf(error));
  };
  try {
    return await command.run({
      input,
      out: new Output(process.stdout, input.on('json')),
      client: async () => (connection ??= await connect(input, command.creates === true, fatal)).client,
    });
  } finally {
    await connection?.close();
  }
}
