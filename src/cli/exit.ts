import { type ErrorCode, PoolError } from '../pool/errors.ts';

/** Exit codes, after sysexits.h where it has one. The systemd unit does not restart after 2, 65, 74 and 78. */
const EXIT: Partial<Record<ErrorCode, number>> = {
  usage: 2,
  data_corrupt: 65,
  listen_failed: 69,
  data_io: 74,
  data_locked: 75,
  storage_full: 75,
  data_mismatch: 78,
};

export function exitCodeOf(error: unknown): number {
  return (error instanceof PoolError ? EXIT[error.code] : undefined) ?? 1;
}

/** What went wrong, in one line on stderr. Anything unexpected comes with its stack. */
export function printError(error: unknown): void {
  const text =
    error instanceof PoolError
      ? error.message.replaceAll(/\s*[\r\n]\s*/g, ' ') // JSON.parse quotes the lines of a file, paths hold anything
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`ippool: ${text}\n`);
}
