import bodyParser from 'koa-bodyparser';
import type { Context, Middleware } from 'koa';
import type { Checked } from '../api/validate.ts';
import { PoolError } from '../pool/errors.ts';

/** Bytes of a request body that are read at most. */
export const BODY_LIMIT = 64 * 1024;

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/**
 * Reads a JSON body, strictly. By route, not by Content-Type: a body without one is read, since some clients send none;
 * one that says it is something else is refused.
 *
 * @returns middleware for the routes that take a body; they find it in `ctx.request.body`
 */
export function jsonBody(): Middleware {
  const parse = bodyParser({
    enableTypes: ['json'],
    detectJSON: () => true, // the type was looked at before; spares the parser its own, slower look
    jsonLimit: `${BODY_LIMIT}b`,
    onerror: (error) => {
      throw bodyError(error);
    },
  });
  return (ctx, next) => {
    const type = ctx.req.headers['content-type'];
    if (type !== undefined && type !== '' && !JSON_TYPE.test(type)) {
      throw new PoolError('unsupported_media_type', 'Content-Type must be application/json', {
        field: 'Content-Type',
        content_type: type.slice(0, 128),
      });
    }
    // Said before it is sent: nothing of it has to be read. The parser reads lengths above 2^31 as other numbers.
    if (Number(ctx.req.headers['content-length'] ?? 0) > BODY_LIMIT) throw tooLarge();
    return parse(ctx, async () => {
      const { rawBody } = ctx.request as { rawBody?: string };
      refuseAmbiguous(rawBody ?? '', ctx.request.body);
      await next();
    }) as Promise<void>;
  };
}

/** The body of a request, checked. @throws PoolError `invalid_request` that names the field */
export function checkedBody<T>(ctx: Context, check: (value: unknown) => Checked<T>): T {
  const checked = check(ctx.request.body);
  if ('value' in checked) return checked.value;
  const { field, message } = checked.problem;
  throw new PoolError('invalid_request', message, { field });
}

function tooLarge(): PoolError {
  return new PoolError('payload_too_large', `The body is larger than ${BODY_LIMIT} bytes`, {
    field: 'body',
    limit: BODY_LIMIT,
  });
}

function bodyError(error: Error & { status?: number; type?: string }): PoolError {
  const { status, type } = error;
  if (status === 413) {
    return tooLarge();
  }
  if (status === 415) {
    return new PoolError('unsupported_media_type', 'Content-Encoding must be identity, gzip or deflate', {
      field: 'Content-Encoding',
    });
  }
  if (type === 'request.aborted') return new PoolError('invalid_request', 'The request was aborted', { field: 'body' });
  return new PoolError('invalid_json', 'The body is not valid JSON', { field: 'body' }, error);
}

const STRING_AND_COLON = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

/**
 * Refuses what two readers could understand differently (RFC 8259, sections 4 and 8.1): a member that stands twice, of
 * which JSON.parse takes the last, and bytes that are not UTF-8, which were read as U+FFFD.
 */
function refuseAmbiguous(raw: string, body: unknown): void {
  if (raw.includes('\ufffd')) throw new PoolError('invalid_json', 'The body is not valid UTF-8', { field: 'body' });
  let written = 0;
  for (const match of raw.matchAll(STRING_AND_COLON)) if (match[1] !== undefined) written++;
  if (written !== countMembers(body)) {
    throw new PoolError('invalid_json', 'The body names a member twice', { field: 'body' });
  }
}

/** Without recursion: JSON.parse takes 30,000 levels in 64 KiB, the stack does not. */
function countMembers(body: unknown): number {
  let count = 0;
  const rest = [body];
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const values: unknown[] = Object.values(value);
    if (!Array.isArray(value)) count += values.length;
    for (const inner of values) if (typeof inner === 'object') rest.push(inner);
  }
  return count;
}
