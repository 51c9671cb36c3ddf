import { spawn } from 'node:child_process';
import type { Logger } from 'pino';

/**
 * Tells systemd, when it asked to be told (sd_notify(3)). Node cannot send to a unix datagram socket, systemd-notify can.
 *
 * @param states as they go over the wire, such as READY=1: the flag --stopping came with systemd 253 only
 */
export function notify(socket: string | undefined, log: Logger, ...states: string[]): void {
  if (socket === undefined) return;
  const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...states], { stdio: 'ignore' });
  child.on('error', (error) => log.warn({ err: error }, 'cannot tell systemd: systemd-notify is missing'));
  child.on('exit', (code) => {
    if (code !== 0) log.warn({ code, states }, 'cannot tell systemd: systemd-notify failed');
  });
}
