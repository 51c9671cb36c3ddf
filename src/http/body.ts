import type { IncomingHttpHeaders } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { Checked } from '../api/validate.ts';
import { PoolError } from '../errors.ts';
import { bodyError, checkedBody, tooLarge } from './json.ts';

/** Bytes of a request body … */
export const BODY_LIMIT = 64 * 1024;
/** … and of one with a list of thousands. */
export const BULK_BODY_LIMIT = 8 * 1024 * 1024;

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** Reads the JSON body of a request and checks it. @throws PoolError that names the field */
export type BodyReader = <T>(ctx: Context, check: (value: unknown) => Checked<T>) => Promise<T>;

/**
 * Makes a reader of JSON bodies of at most `limit` bytes. A body without a Content-Type is read, because some clients
 * send none; a body of another type is refused.
 */
export function bodyReader(limit = BODY_LIMIT): BodyReader {
  let parser: Middleware | undefined;
  return async (ctx, check) => {
    refuseHeaders(ctx.req.headers, limit);
    try {
      parser ??= await parserOf(limit);
      await parser(ctx, nothing);
    } catch (error) {
      throw bodyError(error as Error, limit);
    }
    const { body: value, rawBody: raw = '' } = ctx.request as { body?: unknown; rawBody?: string };
    return checkedBody({ raw, value }, check);
  };
}

/** Loaded when it is needed: it brings the tables of all character sets. */
async function parserOf(limit: number): Promise<Middleware> {
  const { default: bodyParser } = await import('koa-bodyparser');
  return bodyParser({
    enableTypes: ['json'],
    detectJSON: () => true, // the type has been checked
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
  // Refused before any of it is read. The parser misreads lengths above 2^31.
  if (Number(length ?? 0) > limit) throw tooLarge(limit);
}
