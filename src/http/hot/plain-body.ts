import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import bourne from '@hapi/bourne';

/** A body as it was sent, and what it says. */
export interface Body {
  readonly raw: string;
  readonly value: unknown;
}

const BYTE_ORDER_MARK = 0xfeff;
const OBJECT_OR_LIST = /^[ \t\n\r]*[[{]/;

/** Whether a body comes as it is, its length told before: nearly every one of a hook. */
export function isPlain({ 'content-length': length, 'content-encoding': encoding }: IncomingHttpHeaders): boolean {
  return length !== undefined && encoding === undefined;
}

/**
 * Reads a plain body, to the same ends as koa-bodyparser: that is made for any encoding and any character set, and takes
 * 9 of the 55 µs that a request costs above a bare server where this takes 4.
 *
 * @throws Error with the `type` or of the kind that koa-bodyparser throws
 */
export function readPlain(request: IncomingMessage): Promise<Body> {
  return chunksOf(request).then(bodyOf);
}

function chunksOf(request: IncomingMessage): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) reject(aborted()); // it tells nothing any more
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(chunks));
    request.on('close', () => {
      if (!request.complete) reject(aborted());
    });
  });
}

function bodyOf(chunks: readonly Buffer[]): Body {
  const [first] = chunks;
  const text = (first && chunks.length === 1 ? first : Buffer.concat(chunks)).toString();
  const raw = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  if (raw === '') return { raw, value: {} };
  if (!OBJECT_OR_LIST.test(raw)) throw new SyntaxError('neither an object nor a list');
  const isSuspect = raw.includes('__proto__') || raw.includes('\\'); // which may stand for letters of it
  return { raw, value: isSuspect ? bourne.parse(raw) : (JSON.parse(raw) as unknown) }; // bourne refuses __proto__
}

function aborted(): Error {
  return Object.assign(new Error('request aborted'), { type: 'request.aborted' });
}
