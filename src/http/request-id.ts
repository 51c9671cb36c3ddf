import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Every response has the id under which the log has the request. */
export const REQUEST_ID_HEADER = 'X-Request-Id';

const USABLE = /^[\w.:-]{1,128}$/;

/** Makes ids such as `9f3c0a7e51d2-1z4`. They are short because every change is recorded with one, and no secret. */
export class RequestIds {
  /** Differs between processes: the count starts anew at each start, and other nodes count too. */
  readonly #prefix = randomBytes(6).toString('hex');
  #count = 0;

  /** The id that the client sent, if it is usable, so that its log and ours can be correlated; otherwise a new one. */
  of({ headers }: IncomingMessage): string {
    const sent = headers['x-request-id'];
    return typeof sent === 'string' && USABLE.test(sent) ? sent : this.next();
  }

  /** A new id, unique among all processes. */
  next(): string {
    return `${this.#prefix}-${(++this.#count).toString(36)}`;
  }
}
