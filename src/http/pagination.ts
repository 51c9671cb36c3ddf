import type { Context } from 'koa';
import { PoolError } from '../errors.ts';
import { respondJson } from './respond.ts';
import { queryInteger } from './query.ts';
import { respondStream, ARRAY, LINES, LINES_TYPE } from './ndjson.ts';

// Lists: in pages by `?limit=` and `?cursor=`, where the next page is in the Link header (RFC 8288), or streamed.

/** Entries of one page at most. */
const MAX_LIMIT = 10_000;
/** As many as a parameter can say. */
const MAX_LINES = 999_999_999;

/** How much of a list is asked for. */
export interface Wanted {
  /** A JSON object a line, all of them; else an array. */
  readonly lines: boolean;
  /** Undefined: all. */
  readonly limit: number | undefined;
}

/** @param page how long a page is, of which nobody says how long @throws PoolError `invalid_request` */
export function wantedOf(ctx: Context, page?: number): Wanted {
  const lines = wantsLines(ctx);
  const limit = queryInteger(ctx, 'limit', 1, lines ? MAX_LINES : MAX_LIMIT);
  return { lines, limit: limit ?? (lines ? undefined : page) };
}

/** What the page before ended with. @throws PoolError `invalid_request` when `read` does not know it */
export function cursorOf<T>(cursor: string | undefined, read: (text: string) => T | undefined): T | undefined {
  if (cursor === undefined) return undefined;
  const value = read(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (value !== undefined) return value;
  throw new PoolError('invalid_request', 'cursor is invalid: take the one from the Link header of the page before', {
    field: 'cursor',
  });
}

/**
 * Answers with a list: a page of it, or all of it, streamed.
 *
 * @param placeOf where the list goes on behind an entry; absent: nowhere
 */
export async function respondList<T>(
  ctx: Context,
  { lines, limit }: Wanted,
  slices: AsyncGenerator<T[]>,
  view: (entry: T) => object,
  placeOf?: (entry: T) => string,
): Promise<void> {
  if (lines) return respondStream(ctx, LINES, limit === undefined ? slices : firstOf(slices, limit), view);
  if (limit === undefined) return respondStream(ctx, ARRAY, slices, view);
  const page: T[] = [];
  const enough = placeOf ? limit + 1 : limit; // one more tells that there are more
  for await (const slice of slices) {
    page.push(...slice);
    if (page.length >= enough) break;
  }
  const last = page[limit - 1];
  if (page.length > limit && last !== undefined && placeOf) linkNext(ctx, placeOf(last));
  respondJson(ctx, 200, page.slice(0, limit).map(view));
}

/** Answers with a list that is short, and always whole. */
export async function respondAll(ctx: Context, entries: readonly object[]): Promise<void> {
  if (wantsLines(ctx)) await respondStream(ctx, LINES, slicesOf(entries), (entry) => entry);
  else respondJson(ctx, 200, entries);
}

/** What comes one by one, for a list. */
export async function* slicesOf<T>(entries: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T[]> {
  for await (const entry of entries) yield [entry];
}

/**
 * Whether the caller prefers a JSON object a line. HTTP/1.0 gets an array all the same: it could not tell lines that were
 * broken off from the end.
 */
function wantsLines(ctx: Context): boolean {
  ctx.vary('Accept');
  return ctx.req.httpVersion !== '1.0' && ctx.accepts('application/json', LINES_TYPE) === LINES_TYPE;
}

/** Tells where the next page is. @param last what the page before ended with, wrapped so that nobody computes one */
function linkNext(ctx: Context, last: string): void {
  const query = new URLSearchParams(ctx.querystring);
  query.set('cursor', Buffer.from(last, 'latin1').toString('base64url'));
  ctx.set('Link', `<${ctx.path}?${query.toString()}>; rel="next"`);
}

async function* firstOf<T>(slices: AsyncGenerator<T[]>, limit: number): AsyncGenerator<T[]> {
  let left = limit;
  for await (const slice of slices) {
    yield slice.slice(0, left);
    left -= slice.length;
    if (left <= 0) return;
  }
}
