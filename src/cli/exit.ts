import { ApiError, Unreachable } from '../client/errors.ts';
import { type ErrorCode, PoolError } from '../errors.ts';

/** Exit codes, after sysexits.h where it has one. The systemd unit does not restart after 2, 65, 74 and 78. */
const EXIT: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage: 2,
  data_corrupt: 65,
  listen_failed: 69,
  member_ended: 70,
  data_io: 74,
  data_locked: 75,
  storage_full: 75,
  data_mismatch: 78,
};

const EXIT_REFUSED = 1;
const EXIT_UNREACHABLE = 3;

export function exitCodeOf(error: unknown): number {
  if (error instanceof Unreachable) return EXIT_UNREACHABLE;
  return (error instanceof PoolError ? EXIT[error.code] : undefined) ?? EXIT_REFUSED;
}

/** What went wrong, in one line on stderr. Anything unexpected comes with its stack. */
export function printError(error: unknown): void {
  process.stderr.write(`ippool: ${lineOf(error)}\n`);
}

function lineOf(error: unknown): string {
  if (error instanceof ApiError) return `${oneLine(error.message)} (${error.code})`;
  if (error instanceof Unreachable) {
    return `${oneLine(error.message)}: start it (ippool serve), or name another with --server or IPPOOL_SERVER`;
  }
  if (error instanceof PoolError) return oneLine(error.message);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** JSON.parse quotes the lines of a file, paths hold anything. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]\s*/g, ' ');
}
