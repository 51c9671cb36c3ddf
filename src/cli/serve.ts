import { start } from '../compose.ts';
import { loadConfig, type Raw } from '../config.ts';
import { exitCodeOf, printError } from './exit.ts';

/** Serves until SIGTERM or SIGINT; returns the exit code. A second signal ends the process at once. */
export async function serve(flags: Raw, configFile: string | undefined): Promise<number> {
  const config = loadConfig(flags, configFile);
  const running = await start(config, (error) => {
    printError(error);
    process.exit(exitCodeOf(error));
  });
  await firstSignal();
  await running.stop();
  return 0;
}

/** Resolves at the first of them, and leaves the next to what Node does by itself, whichever it is. */
function firstSignal(): Promise<void> {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  return new Promise((resolve) => {
    const stop = () => {
      for (const signal of signals) process.off(signal, stop);
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
  });
}
