import type { IncomingHttpHeaders } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { Checked } from '../api/validate.ts';
import { PoolError } from '../errors.ts';
import { type Body, isPlain, readPlain } from './hot/plain-body.ts';

/** Bytes of a request body that are read at most … */
export const BODY_LIMIT = 64 * 1024;
/** … and of one that holds a list of thousands. */
export const BULK_BODY_LIMIT = 8 * 1024 * 1024;

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** Reads the JSON body of a request and checks it. @throws PoolError that names the field */
export type BodyReader = <T>(ctx: Context, check: (value: unknown) => Checked<T>) => Promise<T>;

/**
 * Makes a reader of JSON bodies of at most `limit` bytes. Strict, and by route, not by Content-Type: a body without one is read, since some
 * clients send none; one that says it is something else is refused.
 */
export function bodyReader(limit = BODY_LIMIT): BodyReader {
  let parser: Middleware | undefined;
  const parsed = async (ctx: Context): Promise<Body> => {
    parser ??= await parserOf(limit);
    await parser(ctx, nothing);
    const { body: value, rawBody: raw = '' } = ctx.request as { body?: unknown; rawBody?: string };
    return { raw, value };
  };
  return async (ctx, check) => {
    const { headers } = ctx.req;
    refuseHeaders(headers, limit);
    let body: Body;
    try {
      body = await (isPlain(headers) ? readPlain(ctx.req) : parsed(ctx));
    } catch (error) {
      throw bodyError(error as Error, limit);
    }
    refuseAmbiguous(body);
    const checked = check(body.value);
    if ('value' in checked) return checked.value;
    const { field, message } = checked.problem;
    throw new PoolError('invalid_request', message, { field });
  };
}

/** Loaded with the tables of all character sets, for the few bodies that are not plain. */
async function parserOf(limit: number): Promise<Middleware> {
  const { default: bodyParser } = await import('koa-bodyparser');
  return bodyParser({
    enableTypes: ['json'],
    detectJSON: () => true, // the type was looked at before; spares the parser its own, slower look
    jsonLimit: `${limit}b`,
  });
}

const nothing = () => Promise.resolve();

function refuseHeaders({ 'content-type': type, 'content-length': length }: IncomingHttpHeaders, limit: number): void {
  if (type !== undefined && type !== '' && type !== 'application/json' && !JSON_TYPE.test(type)) {
    throw new PoolError('unsupported_media_type', 'Content-Type must be application/json', {
      field: 'Content-Type',
      content_type: type.slice(0, 128),
    });
  }
  // Said before it is sent: nothing of it has to be read. The parser reads lengths above 2^31 as other numbers.
  if (Number(length ?? 0) > limit) throw tooLarge(limit);
}

function tooLarge(limit: number): PoolError {
  return new PoolError('payload_too_large', `The body is larger than ${limit} bytes`, { field: 'body', limit });
}

function bodyError(error: Error & { status?: number; type?: string }, limit: number): PoolError {
  const { status, type } = error;
  if (status === 413) {
    return tooLarge(limit);
  }
  if (status === 415) {
    return new PoolError('unsupported_media_type', 'Content-Encoding must be identity, gzip or deflate', {
      field: 'Content-Encoding',
    });
  }
  if (type === 'request.aborted') return new PoolError('invalid_request', 'The request was aborted', { field: 'body' });
  return new PoolError('invalid_json', 'The body is not valid JSON', { field: 'body' }, error);
}

/**
 * Refuses what two readers could understand differently (RFC 8259, sections 4 and 8.1): a member that stands twice, of
 * which JSON.parse takes the last, and bytes that are not UTF-8, which were read as U+FFFD.
 */
function refuseAmbiguous({ raw, value }: Body): void {
  if (raw.includes('\ufffd')) throw new PoolError('invalid_json', 'The body is not valid UTF-8', { field: 'body' });
  if (writtenMembers(raw) !== countMembers(value)) {
    throw new PoolError('invalid_json', 'The body names a member twice', { field: 'body' });
  }
}

/** How many members are written in a text that is known to be JSON: one for each string with a colon behind it. */
function writtenMembers(json: string): number {
  let count = 0;
  for (let open = json.indexOf('"'); open >= 0;) {
    let close = json.indexOf('"', open + 1);
    while (isEscaped(json, close)) close = json.indexOf('"', close + 1);
    let next = close + 1;
    while (json.charCodeAt(next) <= SPACE) next++;
    if (json.charCodeAt(next) === COLON) count++;
    open = json.indexOf('"', next);
  }
  return count;
}

/** Whether an odd number of backslashes stands before a quote. */
function isEscaped(json: string, quote: number): boolean {
  let first = quote;
  while (json.charCodeAt(first - 1) === BACKSLASH) first--;
  return (quote - first) % 2 === 1;
}

const SPACE = 0x20;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Without recursion: JSON.parse takes 30,000 levels in 64 KiB, the stack does not. Without Object.values, a list for each
 * of ten thousand requests.
 */
function countMembers(body: unknown): number {
  let count = 0;
  const rest = [body];
  const look = (value: unknown) => {
    if (typeof value === 'object' && value !== null) rest.push(value);
  };
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (Array.isArray(value)) {
      for (const inner of value) look(inner);
      continue;
    }
    for (const name in value as object) {
      count++;
      look((value as Record<string, unknown>)[name]);
    }
  }
  return count;
}
