import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const USABLE = /^[\w.:-]{1,128}$/;
/** Of this process: its numbers begin anew at each start, and other nodes have numbers, too. */
const prefix = randomBytes(6).toString('hex');
let count = 0;

/** The caller's own request id when it sent a usable one, so that its log and ours can be laid side by side; else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && USABLE.test(given) ? given : newRequestId();
}

/** A number that no other request is given, such as `9f3c0a7e51d2-1z4`. Short: it is written down with every change. No secret. */
export function newRequestId(): string {
  return `${prefix}-${(++count).toString(36)}`;
}
