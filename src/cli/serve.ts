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
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  await running.stop();
  return 0;
}
