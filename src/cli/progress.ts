/** How far something is. */
export interface Progress {
  advance(count: number, what?: string): void;
  stop(): void;
}

const SILENT: Progress = { advance: () => undefined, stop: () => undefined };

/** A bar on stderr when that is a terminal; nothing else. */
export async function startProgress(stderr: NodeJS.WriteStream, total: number, what: string): Promise<Progress> {
  if (!stderr.isTTY) return SILENT;
  const { SingleBar, Presets } = await import('cli-progress');
  const format = '{what} {bar} {percentage}% | {value}/{total} | {eta_formatted}';
  const bar = new SingleBar(
    { stream: stderr, format, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(total, 0, { what });
  return {
    advance: (count, now) => bar.increment(count, now === undefined ? {} : { what: now }),
    stop: () => bar.stop(),
  };
}
