// @ts-check
// Loaded into a server before anything else: tells whoever asks over the channel how long its event loop was held at
// most since it was asked before, in milliseconds; collections of garbage among that.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 1;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();
process.on('message', () => {
  // A loop that is never held counts the interval of its timer.
  process.send?.(Math.max(0, delays.max / 1e6 - RESOLUTION_MS));
  delays.reset();
});
process.channel?.unref();
