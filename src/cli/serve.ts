import { setFlagsFromString } from 'node:v8';
import { start } from '../compose/compose.ts';
import { loadConfig, type Raw } from '../config/load.ts';
import { exitCodeOf, printError } from './exit.ts';

/**
 * How much garbage V8 lets pile up beside what is in use before it collects, in percent. By itself it takes up to four
 * times: 279 MiB resident with 1.1 million allocations instead of 226, and not faster. V8 asks for it at each collection.
 */
const GARBAGE_PERCENT = 75;
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Serves until SIGTERM or SIGINT; returns the exit code. While the data folder is still being read, and a second time,
 * a signal ends the process at once: nothing was answered yet (0 too), or the operator is in a hurry (128 + signal).
 */
export async function serve(flags: Raw, configFile: string | undefined): Promise<number> {
  const config = loadConfig(flags, configFile);
  setFlagsFromString(`--heap-growing-percent=${GARBAGE_PERCENT}`);
  // What is young is 16 MiB at most, unless Node is told otherwise: to have several threads look through it costs 4 % of a
  // request, in waking them.
  setFlagsFromString('--no-parallel-scavenge');
  let ask: (() => void) | undefined = () => process.exit(0);
  // Before anything else: process 1 of a container ignores signals that it has no handler for.
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (!ask) process.exit(128 + number);
      ask();
      ask = undefined;
    });
  }
  const running = await start(config, (error) => {
    printError(error);
    process.exit(exitCodeOf(error));
  });
  await new Promise<void>((resolve) => {
    ask = resolve;
  });
  await running.stop();
  return 0;
}
