import type { IncomingMessage } from 'node:http';
import bourne from '@hapi/bourne';
import { type Body, bodyError } from '../json.ts';

const BYTE_ORDER_MARK = 0xfeff;
const OBJECT_OR_LIST = /^[ \t\n\r]*[[{]/;

/**
 * Reads a JSON body that is not encoded, with the same results as koa-bodyparser, which supports every encoding and
 * character set and costs more.
 *
 * @throws PoolError `invalid_json`, or `invalid_request` when the client went away
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Body> {
  try {
    return bodyOf(await chunksOf(request));
  } catch (error) {
    throw bodyError(error as Error, limit);
  }
}

function chunksOf(request: IncomingMessage): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) reject(aborted()); // it emits nothing any more
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
  const isSuspect = raw.includes('__proto__') || raw.includes('\\'); // an escape may stand for letters of it
  return { raw, value: isSuspect ? bourne.parse(raw) : (JSON.parse(raw) as unknown) }; // bourne refuses __proto__
}

function aborted(): Error {
  return Object.assign(new Error('request aborted'), { type: 'request.aborted' });
}
