import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

const STDOUT = 1;

/**
 * The log of the service: JSON a line for machines, short lines in colour for a person at a terminal.
 *
 * A line that cannot be written is dropped. pino's own destination ends the process when the log lies on the disk that
 * is full, or waits for a pipe that nobody reads, and with it every VM that waits for an address.
 */
export async function createLog(level: 'debug' | 'info' | 'silent'): Promise<Logger> {
  const options = { base: null, level, timestamp: pino.stdTimeFunctions.isoTime };
  const stdout = {
    write(line: string): void {
      try {
        writeSync(STDOUT, line);
      } catch {
        // nowhere to say it
      }
    },
  };
  if (!process.stdout.isTTY) return pino(options, stdout);
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: FACTS });
  return pino(options, { write: (line: string) => stdout.write(pretty(line)) });
}

/** What the message says already, or what only machines want. */
const FACTS = 'url,networks,network,gateway,excluded,strategy,allocated,available,data,version,dir,records,ms';
