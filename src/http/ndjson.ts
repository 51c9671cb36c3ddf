import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from 'koa';

export const LINES_TYPE = 'application/x-ndjson';

/** The text around the entries of a list: before all, between two, after each, after all. */
export interface Form {
  readonly type: string;
  readonly open: string;
  readonly between: string;
  readonly end: string;
  readonly close: string;
}

export const ARRAY: Form = { type: 'application/json', open: '[', between: ',', end: '', close: ']' };
/** One object per line, and nothing after the last one: https://github.com/ndjson/ndjson-spec */
export const LINES: Form = { type: LINES_TYPE, open: '', between: '', end: '\n', close: '' };

/** Length of one piece of a streamed list: some eighty entries, which take about a millisecond to encode. */
const CHARACTERS = 32 * 1024;

/**
 * Responds with a list of any length, encoded as fast as it is read: about two slices of it are in memory at any time.
 * Stops when the client goes away.
 *
 * @throws what the slices throw before the first piece is complete; a later error breaks the connection off
 */
export async function respondStream<T>(
  ctx: Context,
  form: Form,
  slices: AsyncGenerator<T[]>,
  view: (entry: T) => object,
): Promise<void> {
  const pieces = piecesOf(ctx, form, slices, view);
  const first = await pieces.next();
  ctx.type = `${form.type}; charset=utf-8`;
  if (first.done) {
    ctx.body = first.value;
    return;
  }
  const body = Readable.from(resumed(first.value, pieces));
  // Also when it is never read: of HEAD, and of a client that is gone already.
  body.once('close', () => void pieces.return('').catch(() => undefined));
  ctx.body = body;
}

/** Yields the pieces of a list, and returns the last one. */
async function* piecesOf<T>(
  { req, res }: Context,
  form: Form,
  slices: AsyncGenerator<T[]>,
  view: (entry: T) => object,
): AsyncGenerator<string, string> {
  let text = form.open;
  let between = '';
  for await (const slice of slices) {
    for (const entry of slice) {
      text += between + JSON.stringify(view(entry)) + form.end;
      between = form.between;
      if (text.length < CHARACTERS) continue;
      yield text;
      text = '';
      await turn(); // other requests go on meanwhile
    }
    if (res.destroyed) break;
    if (req.method === 'HEAD' && slice.length > 0) yield text; // nobody reads it, and its length is not known
  }
  return text + form.close;
}

async function* resumed(first: string, rest: AsyncGenerator<string, string>): AsyncGenerator<string> {
  yield first;
  const last = yield* rest;
  if (last !== '') yield last;
}
