import { Readable } from 'node:stream';
import type { Context } from 'koa';
import { PoolError } from '../pool/errors.ts';
import { answerJson } from './answer.ts';

// Pages of lists: `?limit=` and `?cursor=`; the next page is in the Link header (RFC 8288).

/** Entries of one page at most. */
export const MAX_LIMIT = 10_000;

/** Tells where the next page is. @param last what the page before ended with, wrapped so that nobody computes one */
export function linkNext(ctx: Context, last: string): void {
  const query = new URLSearchParams(ctx.querystring);
  query.set('cursor', Buffer.from(last, 'latin1').toString('base64url'));
  ctx.set('Link', `<${ctx.path}?${query.toString()}>; rel="next"`);
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
 * @param limit    entries of the page; undefined: all
 * @param placeOf  where the list goes on behind an entry
 */
export async function answerList<T>(
  ctx: Context,
  slices: AsyncGenerator<T[]>,
  limit: number | undefined,
  view: (entry: T) => object,
  placeOf: (entry: T) => string,
): Promise<void> {
  if (limit === undefined) {
    const begun = await beginOf(slices); // what is wrong with a filter has to be known before the answer begins
    ctx.type = 'json';
    ctx.body = Readable.from(jsonArray(begun, view));
    return;
  }
  const page: T[] = [];
  for await (const slice of slices) {
    page.push(...slice);
    if (page.length > limit) break;
  }
  const last = page[limit - 1];
  if (page.length > limit && last !== undefined) linkNext(ctx, placeOf(last));
  answerJson(ctx, 200, page.slice(0, limit).map(view));
}

/** The same slices, of which the first is there already. */
async function beginOf<T>(slices: AsyncGenerator<T[]>): Promise<AsyncIterable<T[]>> {
  const first = await slices.next();
  return (async function* () {
    if (first.done !== true) yield first.value;
    yield* slices;
  })();
}

/** A JSON array, written slice by slice. */
async function* jsonArray<T>(slices: AsyncIterable<T[]>, view: (entry: T) => object): AsyncGenerator<string> {
  let before = '[';
  for await (const slice of slices) {
    let text = '';
    for (const entry of slice) {
      text += before + JSON.stringify(view(entry));
      before = ',';
    }
    if (text !== '') yield text;
  }
  yield before === '[' ? '[]' : ']';
}
